"""Grad-CAM: images per second against Captum, torch-cam and pytorch-grad-cam."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import psutil
import torch
from torch import nn
from torch.nn import functional

from benchmarks.tables import machine_line, table
from ganatomy.device import keep_freed_memory
from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.networks.targets import d_logit
from ganatomy.gan.networks import convolutions, dcgan, resnet
from ganatomy.initialise import initialise

Result = dict[str, Any]
Run = Callable[[], object]
Shape = tuple[str, int, int, int]

# network, pixels, channels of the first layer, images in a batch
SHAPES: dict[str, list[Shape]] = {
    "cpu": [
        ("dcgan", 28, 32, 64),
        ("dcgan", 64, 32, 32),
        ("dcgan", 128, 32, 8),
        ("resnet", 28, 32, 32),
        ("resnet", 64, 32, 8),
        ("resnet", 128, 32, 4),
    ],
    "cuda": [
        (name, size, 32, batch)
        for name in ("dcgan", "resnet")
        for size, batch in ((28, 256), (64, 128), (128, 64))
    ],
}
_ABSENT = "not installed"
_NETWORKS = {"dcgan": dcgan.Discriminator, "resnet": resnet.Discriminator}
_REPEATS = 7
_TURN_S = 0.1  # how long one of them has its turn, at least


@dataclass(frozen=True)
class Turns:
    """How often each has its turn, and how long that takes at least, in seconds."""

    repeats: int
    least_s: float


def measure(
    device_name: str = "cpu",
    shapes: Sequence[Shape] | None = None,
    repeats: int = _REPEATS,
    turn_s: float = _TURN_S,
) -> Result:
    """All libraries by turns, in one process, with all threads; medians over repeats.

    A peer that is not installed is left out. `shapes` are those of the device when not given.
    All give maps of the images' size on the CPU, and set up and remove their hooks in every call.
    """
    keep_freed_memory()  # else page faults, by chance many or few, are half of a small pass
    torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
    turns, device = Turns(repeats, turn_s), torch.device(device_name)
    shapes = SHAPES[device_name] if shapes is None else shapes
    rows = [_row(*shape, device, turns) for shape in shapes]
    return {"device": device_name, "repeats": repeats, "rows": rows}


def _row(
    name: str, size: int, width: int, batch: int, device: torch.device, turns: Turns
) -> Result:
    network = _NETWORKS[name](size, 1, width)
    initialise(network, 0, "benchmark")
    network.to(device).eval()
    draw = torch.Generator().manual_seed(0)
    images = (torch.rand(batch, 1, size, size, generator=draw) * 2 - 1).to(device)
    layers = list(convolutions(network))
    one = _by_turns(_at_one_layer(network, layers[-1], images), batch, device, turns)
    every = _by_turns(_at_every_layer(network, layers, images), batch, device, turns)
    found = {
        "network": name,
        "image_size": size,
        "width": width,
        "batch": batch,
        "num_layers": len(layers),
        "one_layer_img_per_s": {key: round(speed, 1) for key, speed in one.items()},
        "one_layer_ratios": {
            key: round(one["ours"] / speed, 3) for key, speed in one.items() if key != "ours"
        },
        "all_layers_img_per_s": {key: round(speed, 1) for key, speed in every.items()},
    }
    if "captum" in every:
        ratio = every["ours"] / every["captum"]
        found |= {
            "all_layers_ratio": round(ratio, 3),
            "share_of_num_layers": round(ratio / len(layers), 3),
        }
    return found


def _at_one_layer(network: nn.Module, layer: str, images: torch.Tensor) -> dict[str, Run]:
    size = (images.shape[2], images.shape[3])
    module = network.get_submodule(layer)
    target = d_logit(network)
    runs: dict[str, Run] = {"ours": lambda: gradcam(target, [layer], images, size=size)}
    if captum := installed("captum.attr"):
        runs["captum"] = _with_captum(captum, network, [layer], images)
    if torchcam := installed("torchcam.methods"):
        runs["torch-cam"] = _with_torchcam(torchcam, network, layer, images)
    if peer := installed("pytorch_grad_cam"):
        answers = [_itself] * len(images)

        def with_pytorch_grad_cam() -> object:
            with peer.GradCAM(network, [module]) as extractor:
                return extractor(images, answers)

        runs["pytorch-grad-cam"] = with_pytorch_grad_cam
    return runs


def installed(module: str) -> Any:
    """Return a module of a peer, or None where it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        return None


def _with_torchcam(torchcam: Any, network: nn.Module, layer: str, images: torch.Tensor) -> Run:
    size = (images.shape[2], images.shape[3])

    def run() -> torch.Tensor:
        with torchcam.GradCAM(network, layer) as extractor:
            scores = network(images)[:, None]
            maps = extractor(class_idx=0, scores=scores, normalized=False)[0]
        return functional.interpolate(maps[:, None], size, mode="bilinear").cpu()

    return run


def _with_captum(captum: Any, network: nn.Module, layers: list[str], images: torch.Tensor) -> Run:
    """Layer by layer."""
    size = (images.shape[2], images.shape[3])
    explainers = [captum.LayerGradCam(network, network.get_submodule(layer)) for layer in layers]

    def run() -> list[torch.Tensor]:
        found = [explainer.attribute(images) for explainer in explainers]
        return [captum.LayerAttribution.interpolate(map_, size, "bilinear").cpu() for map_ in found]

    return run


def _itself(logit: torch.Tensor) -> torch.Tensor:
    return logit


def _at_every_layer(network: nn.Module, layers: list[str], images: torch.Tensor) -> dict[str, Run]:
    size = (images.shape[2], images.shape[3])
    target = d_logit(network)
    runs: dict[str, Run] = {"ours": lambda: gradcam(target, layers, images, size=size)}
    if captum := installed("captum.attr"):
        runs["captum"] = _with_captum(captum, network, layers, images)
    return runs


def _by_turns(
    runs: dict[str, Run], batch: int, device: torch.device, turns: Turns
) -> dict[str, float]:
    """Images per second of each, the median over repeats."""
    calls = {}
    for name, run in runs.items():
        run()
        calls[name] = max(1, round(turns.least_s / _seconds(run, 1, device)))
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(turns.repeats):
        names = list(runs)[:: 1 if repeat % 2 else -1]
        for name in names:
            speeds[name].append(batch * calls[name] / _seconds(runs[name], calls[name], device))
    return {name: statistics.median(each) for name, each in speeds.items()}


def _seconds(run: Run, count: int, device: torch.device) -> float:
    _wait(device)
    started = time.perf_counter()
    for _ in range(count):
        run()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def section(results: list[Result]) -> str:
    """The page's section, from the results of each device."""
    peers = ("captum", "torch-cam", "pytorch-grad-cam")
    shape = ["device", "D", "images", "width", "batch"]
    one, every = [], []
    for result in results:
        for row in result["rows"]:
            about = [
                result["device"],
                row["network"],
                f"{row['image_size']} px",
                str(row["width"]),
                str(row["batch"]),
            ]
            speeds, ratios = row["one_layer_img_per_s"], row["one_layer_ratios"]
            cells = [
                f"{speeds[peer]:,.0f} (**{ratios[peer]:.2f}**)" if peer in ratios else _ABSENT
                for peer in peers
            ]
            one.append([*about, f"{speeds['ours']:,.0f}", *cells])
            speeds = row["all_layers_img_per_s"]
            every.append(
                [
                    *about,
                    str(row["num_layers"]),
                    f"{speeds['ours']:,.0f}",
                    *(
                        [
                            f"{speeds['captum']:,.0f}",
                            f"**{row['all_layers_ratio']:.2f}**",
                            f"{row['share_of_num_layers']:.2f}",
                        ]
                        if "captum" in speeds
                        else [_ABSENT] * 3
                    ),
                ]
            )
    return f"""\
## Grad-CAM

{machine_line(results[0])}

Images per second of Grad-CAM of D's logit, upsampled to the size of the images and on the CPU, by turns in one process; medians of {results[0]["repeats"]}.

At one layer, D's last convolution. In brackets: ours over theirs.

{table([*shape, "ours", *peers], one)}

At all L convolutions of D: ours in one pass, Captum's layer by layer. A pass through all layers costs more than one to the last, so the
ratio stays below L; the last column is the ratio over L.

{table([*shape, "L", "ours", "captum", "ratio", "ratio / L"], every)}"""  # noqa: E501
