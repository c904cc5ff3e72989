"""Run in a process of its own, in a client's folder: ``python -m tests.clients.drive NAME STEP``.

``train`` leaves the weights as the author's code would; ``explain`` makes the page by the command
and prints, as JSON, what became of the networks; ``structure`` prints how they were followed.
"""

import copy
import json
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torch
import torchinfo
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

from ganatomy import __main__ as command_line
from ganatomy.command._port_file import read_port_file
from ganatomy.data.images import write_png
from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.networks.layers import layers_of
from ganatomy.explain.networks.targets import d_logit
from ganatomy.explain.structure.tracing import trace
from ganatomy.gan.adopt import adopted as adopting
from ganatomy.gan.adopt.adopted import Adopted
from ganatomy.gan.adopt.contract import Contract, examine_contract
from tests.clients.cases import CLIENTS, TRAINED
from tests.unit.explain.structure.edges import edges_by_autograd, edges_of_layers

PAGE = "page.html"
_NUM_IMAGES = 64


def train(name: str) -> None:
    """Write images, and weights after a few steps on them."""
    client = CLIENTS[name]
    images = _blobs(client.size) if client.size else torch.empty(0)
    for index, image in enumerate(images):
        pixels = ((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        write_png(Path("images") / f"{index:02d}.png", pixels)

    def save(value: Any, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        torch.save(value, path)

    sys.path.insert(0, "")
    scope: dict[str, Any] = {"images": images, "save": save}
    exec(TRAINED + client.train, scope)


def _blobs(size: int) -> torch.Tensor:
    """Soft coloured discs on dark grounds, (n, 3, size, size) in [-1, 1]."""
    draw = torch.Generator().manual_seed(0)
    axis = torch.linspace(-1, 1, size)
    place = torch.rand(_NUM_IMAGES, 2, 1, 1, generator=draw) - 0.5
    distance = (axis[:, None] - place[:, :1]) ** 2 + (axis[None] - place[:, 1:]) ** 2
    colour = 0.5 + torch.rand(_NUM_IMAGES, 3, 1, 1, generator=draw)
    return ((-distance * 8).exp() * colour * 1.2 - 0.9).clamp(-1, 1)


def explain(name: str) -> dict[str, Any]:
    """Make the page by the command; look at the networks before and after."""
    seen: list[Adopted] = []
    before: list[dict[str, Any]] = []
    contracts: list[Contract] = []
    adopt, examine = adopting.adopt, examine_contract

    def remembered(*given: Any, **more: Any) -> Adopted:
        seen.append(adopt(*given, **more))
        before.append(_states(seen[-1]))
        return seen[-1]

    def noted(*given: Any, **more: Any) -> Contract:
        contracts.append(examine(*given, **more))
        return contracts[-1]

    adopting.adopt = remembered
    from ganatomy.facade import adopted_parts

    adopted_parts.examine_contract = noted
    words = ["explain", "my-gan.yaml", "--quick", "--count", "8", "--device", "cpu", "--out", PAGE]
    words += ["--images", "images"] if CLIENTS[name].size else []
    code = command_line.main(words)
    (found,), (contract,) = seen, contracts
    return {
        "code": code,
        "unchanged": _equal(before[0], _states(found)),
        "rules": sorted({each.rule for each in contract.oddities}),
        "words": [each.words for each in contract.oddities],
        "captum": _beside_captum(found),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _states(found: Adopted) -> dict[str, Any]:
    """Weights, modes, gradients, who wants them, and hooks of both networks."""
    networks = [each for each in (found.generator, found.discriminator) if each is not None]
    modules = [module for network in networks for module in network.modules()]
    parameters = [each for network in networks for each in network.parameters()]
    return {
        "weights": [each.clone() for network in networks for each in network.state_dict().values()],
        "modes": [module.training for module in modules],
        "wanted": [each.requires_grad for each in parameters],
        "gradients": [each.grad is None for each in parameters],
        "hooks": [
            len(module._forward_hooks)
            + len(module._forward_pre_hooks)
            + len(module._backward_hooks)
            + len(module._backward_pre_hooks)
            for module in modules
        ],
    }


def _equal(before: dict[str, Any], after: dict[str, Any]) -> dict[str, bool]:
    same = {name: before[name] == after[name] for name in before if name != "weights"}
    pairs = zip(before["weights"], after["weights"], strict=True)
    return same | {"weights": all(torch.equal(one, other) for one, other in pairs)}


def _beside_captum(found: Adopted) -> float | None:
    """The greatest difference to Captum's maps of D, as a share of the largest value."""
    network = found.discriminator
    if network is None or found.generator is None:
        return None
    with torch.no_grad():
        images = found.generator(found.latents(3, 0))
    size = (images.shape[-2], images.shape[-1])
    layers = layers_of(network, images).convolutions[:3]
    ours = gradcam(d_logit(network), layers, images, size=size).maps["gradcam"]
    theirs = copy.deepcopy(network)
    most = 0.0
    for layer in layers:
        inner = theirs.get_submodule(layer)
        theirs.set_submodule(layer, _Copied(inner))
        cam = LayerGradCam(theirs, inner).attribute(images)
        expected = LayerAttribution.interpolate(cam, size, "bilinear").detach()[:, 0]
        scale = float(expected.abs().max())
        if scale > 0:
            most = max(most, float((ours[layer] - expected).abs().max()) / scale)
    return most


def structure() -> list[dict[str, Any]]:
    """Follow G and D as adopted, beside autograd's edges and torchinfo's counts."""
    found = adopting.adopt(read_port_file(Path("my-gan.yaml")))
    latents = found.latents(3, 0)
    if found.generator is None:
        return []
    with torch.no_grad():
        images = found.generator(latents)
    asked = [(found.generator, latents), (found.discriminator, images)]
    return [_structure(network, given) for network, given in asked if network is not None]


def _structure(network: nn.Module, given: torch.Tensor) -> dict[str, Any]:
    graph = trace(network, given)
    ours, theirs = edges_of_layers(graph), edges_by_autograd(network, given)
    layers = {part.name: part for part in graph.parts if part.module}
    about = torchinfo.summary(network, input_data=given, verbose=0, depth=20)
    names = {id(each): name for name, each in network.named_modules()}
    calls: Counter[int] = Counter()
    counted = []
    for row in about.summary_list:
        calls[row.layer_id] += 1
        name, call = names.get(row.layer_id, ""), calls[row.layer_id]
        part = layers.get(name if call == 1 else f"{name} ({call})")
        if part is not None and row.output_size:
            counted.append((part, row))
    return {
        "layers": len({part.module for part in layers.values()}),
        "edges": len(ours),
        "edges apart": sorted(ours ^ theirs),
        "counted": len({part.name for part, _ in counted}),
        "shapes apart": [
            part.name for part, row in counted if part.shape != tuple(row.output_size[1:])
        ],
        "parameters": [graph.num_parameters, about.total_params],
    }


class _Copied(nn.Module):
    """Gives a copy of its layer's answer, so that nothing in place changes what Captum sees."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.layer(*given)
        return answer.clone()


def main(name: str, step: str) -> None:
    """Do one step for one client."""
    torch.set_num_threads(1)
    if step == "train":
        train(name)
        return
    print(json.dumps(explain(name) if step == "explain" else structure()))


if __name__ == "__main__":
    main(*sys.argv[1:])
