"""Maps of networks as other people build them: as Captum's, and the networks as they were."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.networks.hooks import kept
from ganatomy.explain.networks.layers import layers_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit, logits_of, measured
from tests.unit.explain.networks.foreign import (
    DIM,
    DISCRIMINATORS,
    GENERATORS,
    SIDE,
    Grouped,
    InPlace,
    StyleGenerator,
    residual_generator,
    unet_generator,
)


def _images(count: int = 4, channels: int = 3) -> torch.Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.rand(count, channels, SIDE, SIDE, generator=draw) * 2 - 1


def _latents(count: int = 4) -> torch.Tensor:
    return torch.randn(count, DIM, generator=torch.Generator().manual_seed(2))


def _made(build: Any, inputs: torch.Tensor) -> nn.Module:
    """In train mode, with statistics and singular vectors that have settled."""
    torch.manual_seed(0)
    network: nn.Module = build()
    with torch.no_grad():
        for _ in range(60):
            network(inputs)
    return network.train()


def _settled(network: nn.Module) -> nn.Module:
    """A copy that Captum can hook: in eval mode, and nothing is written in place."""
    copy = deepcopy(network).eval()
    for name, module in list(copy.named_modules()):
        if isinstance(module, InPlace):
            copy.set_submodule(name, nn.LeakyReLU(0.2))
        if hasattr(module, "inplace"):
            module.inplace = False
    return copy


def _as_captums(network: nn.Module, target: Target, score: Any, inputs: torch.Tensor) -> list[str]:
    """The layers whose maps were compared."""
    layers = layers_of(network, inputs)
    found = gradcam(target, layers.convolutions, inputs, size=(SIDE, SIDE)).maps["gradcam"]
    copy = _settled(network)
    for name in layers.convolutions:
        cam = LayerGradCam(lambda x: score(copy, x), copy.get_submodule(name)).attribute(inputs)
        expected = LayerAttribution.interpolate(cam.detach(), (SIDE, SIDE), "bilinear")[:, 0]
        scale = float(expected.abs().max())
        assert scale > 0
        torch.testing.assert_close(found[name] / scale, expected / scale, rtol=0, atol=1e-4)
    return list(layers.convolutions)


LAYERS_OF_D = {
    "attention": ["0", "2.query", "2.key", "2.value", "3"],
    "tied": ["start", "twin", "other"],
    "several outputs": ["network.body.0"],
    "u-net": ["inner", "down", "up", "out"],
}


@pytest.mark.parametrize("kind", list(DISCRIMINATORS))
def test_every_layer_of_a_discriminator_is_as_captums(kind: str) -> None:
    images = _images()
    network = _made(DISCRIMINATORS[kind], images)

    def score(copy: nn.Module, given: torch.Tensor) -> torch.Tensor:
        return logits_of(copy(given), len(given))

    compared = _as_captums(network, d_logit(network), score, images)
    assert compared == LAYERS_OF_D.get(kind, compared)
    assert len(compared) >= min(2, len(LAYERS_OF_D.get(kind, "ab")))


LAYERS_OF_G = {
    "residual": [f"{block}.{name}" for block in (2, 3) for name in ("branch.3", "branch.6")],
    "style": [f"blocks.{block}.{name}" for block in (0, 1) for name in ("first", "second")],
    "style, grouped": ["start"],
    "u-net": ["3.inner", "3.down", "3.up", "3.out"],
}


@pytest.mark.parametrize("kind", list(GENERATORS))
def test_every_layer_of_a_generator_is_as_captums(kind: str) -> None:
    z = _latents()
    network = _made(GENERATORS[kind], z)

    def score(copy: nn.Module, given: torch.Tensor) -> torch.Tensor:
        images: torch.Tensor = copy(given)
        return images.mean((1, 2, 3))

    compared = _as_captums(network, measured(network, "brightness"), score, z)
    assert set(LAYERS_OF_G[kind]) <= set(compared)


@pytest.mark.parametrize(
    ("kind", "last"),
    [("residual", "3"), ("style", "blocks.1.second"), ("u-net", "3.up")],
)
def test_a_generator_is_looked_at_behind_its_last_block(kind: str, last: str) -> None:
    z = _latents()
    assert layers_of(_made(GENERATORS[kind], z), z).last == last


@pytest.mark.parametrize("count", [1, 4])
def test_layers_whose_batch_is_in_their_channels_are_left_out_and_said(count: int) -> None:
    """Of a single input, too, where an axis of length 1 could be the batch's."""
    network = _made(lambda: StyleGenerator(Grouped), _latents())
    found = layers_of(network, _latents(count))
    grouped = [f"blocks.{block}.{name}" for block in (0, 1) for name in ("first", "second")]
    assert not {*grouped} & {*found.convolutions}
    for name in grouped:
        assert found.left_out[name].endswith("for 2 inputs: not one map for each")
        assert "returns shape (1, 16," in found.left_out[name]


def test_a_convolution_that_runs_twice_is_told() -> None:
    network = _made(DISCRIMINATORS["tied"], _images())
    assert layers_of(network, _images()).left_out == {"again": "runs 2 times in a pass"}


@pytest.mark.parametrize("build", [residual_generator, unet_generator, StyleGenerator])
@pytest.mark.parametrize("channels", [4, 5, 8])
def test_an_image_of_many_channels_is_no_layer_to_look_at(build: Any, channels: int) -> None:
    z = _latents()
    network = _made(lambda: build(channels=channels), z)
    few, many = layers_of(_made(build, z), z), layers_of(network, z)
    assert many.last == few.last
    assert [name for name in many.wide if "to_image" not in name] == list(few.wide)


def test_scales_and_shifts_of_channels_are_no_convolutions() -> None:
    class Affine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.shift = (nn.Parameter(torch.ones(1, 8, 1, 1)) for _ in range(2))
            self.places = nn.Parameter(torch.zeros(1, 8, 8, 8))

        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return hidden * self.scale + self.shift + self.places

    network = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), Affine(), nn.Flatten())
    assert layers_of(network, _images()).convolutions == ("0",)


def test_a_script_has_no_layers_wherever_it_stands() -> None:
    traced = torch.jit.trace(nn.Conv2d(3, 8, 3), _images())
    assert layers_of(nn.Sequential(traced, nn.Flatten()), _images()).convolutions == ()


def _state(network: nn.Module) -> Iterator[Any]:
    for module in network.modules():
        yield module.training, len(module._forward_hooks), len(module._forward_pre_hooks)
        yield len(module._backward_hooks), len(module._backward_pre_hooks)
    for parameter in network.parameters():
        yield parameter.requires_grad, parameter.grad, id(parameter)
    for buffer in network.buffers():
        yield id(buffer)


PAIRS = {
    "residual": "own spectral norm",
    "style": "attention",
    "style, grouped": "tied",
    "u-net": "in place, unsaid",
}


@pytest.mark.parametrize("g_kind", list(PAIRS))
def test_networks_come_back_as_they_were(g_kind: str) -> None:
    """Modes, gradients, hooks and every buffer: running statistics and singular vectors too."""
    generator = _made(GENERATORS[g_kind], _latents())
    discriminator = _made(DISCRIMINATORS[PAIRS[g_kind]], _images())
    next(iter(discriminator.parameters())).requires_grad_(False)
    with torch.no_grad():  # so that a power iteration still moves
        for parameter in discriminator.parameters():
            parameter.mul_(torch.rand(parameter.shape) + 0.5)
    networks = (generator, discriminator)
    before = [(list(_state(each)), deepcopy(each.state_dict())) for each in networks]
    subjects = Subjects.of(generator, discriminator, real=_images(5), z=_latents(6))
    study = explain_by_maps(subjects, num_images=2, num_ablated=4, num_random=2, num_units=4)
    assert set(study.cases) == {"d_real", "d_fake", "g_fake", "difference"}
    for network, (state, values) in zip(networks, before):
        assert list(_state(network)) == state
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, values[name]), name
    assert all(parameter.grad is None for each in networks for parameter in each.parameters())


def test_what_writes_into_itself_is_put_back_on_an_error_too() -> None:
    network = _made(DISCRIMINATORS["own spectral norm"], _images()).eval()
    with torch.no_grad():
        network[1].weight.mul_(torch.rand(8, 1, 1, 1))  # type: ignore[index, union-attr]
    before = deepcopy(network.state_dict())
    network(_images())
    moved = deepcopy(network.state_dict())
    assert not torch.equal(moved["1.u"], before["1.u"])
    with pytest.raises(RuntimeError), kept(network):
        nn.Sequential(network, nn.Linear(7, 1))(_images())
    assert all(torch.equal(each, moved[name]) for name, each in network.state_dict().items())
