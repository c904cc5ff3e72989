"""Stacked layers against torch's own, network by network."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap

from ganatomy.gan.ensemble.stacked import StackedLayers

LAYERS = {
    "conv": lambda: nn.Conv2d(3, 5, 3, padding=1),
    "conv, one channel": lambda: nn.Conv2d(1, 4, 4, 2, 1, bias=False),
    "conv, dilated": lambda: nn.Conv2d(2, 4, (3, 2), (1, 2), (2, 1), dilation=(2, 1)),
    "conv, own groups": lambda: nn.Conv2d(4, 6, 3, groups=2),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1),
    "transposed, one channel": lambda: nn.ConvTranspose2d(4, 1, 4, 2, 1),
    "transposed, three channels": lambda: nn.ConvTranspose2d(5, 3, 4, 2, 1, bias=False),
    "transposed, output padding": lambda: nn.ConvTranspose2d(3, 2, 3, 2, 1, output_padding=1),
    "batch norm": lambda: nn.BatchNorm2d(3),
    "batch norm, plain": lambda: nn.BatchNorm2d(3, affine=False, track_running_stats=False),
    "batch norm, flat": lambda: nn.BatchNorm1d(3),
}


@pytest.mark.parametrize("backend", ["grouped", "bmm"])
@pytest.mark.parametrize("name", LAYERS)
def test_output_gradients_and_statistics_are_those_of_each_layer(name: str, backend: str) -> None:
    torch.manual_seed(0)
    layers = [LAYERS[name]().double() for _ in range(3)]
    width = getattr(layers[0], "in_channels", 3)
    side = () if name == "batch norm, flat" else (6, 5)
    images = torch.randn(3, 4, width, *side, dtype=torch.float64)
    stacked = {
        kind: {
            key: torch.stack([dict(getattr(layer, kind)())[key].detach() for layer in layers])
            for key, _ in getattr(layers[0], kind)()
        }
        for kind in ("named_parameters", "named_buffers")
    }
    leaves = {k: v.requires_grad_() for k, v in stacked["named_parameters"].items()}
    buffers = stacked["named_buffers"]
    given = images.clone().requires_grad_()
    with StackedLayers(backend):
        found = vmap(lambda p, b, x: functional_call(layers[0], (p, b), (x,)))(
            leaves, buffers, given
        )
    slope = torch.randn(found.shape, dtype=torch.float64)
    of_all = torch.autograd.grad(found, [given, *leaves.values()], slope)
    for index, layer in enumerate(layers):
        own = images[index].clone().requires_grad_()
        expected = layer(own)
        torch.testing.assert_close(found[index], expected)
        alone = torch.autograd.grad(expected, [own, *layer.parameters()], slope[index])
        for mine, other in zip(of_all, alone, strict=True):
            torch.testing.assert_close(mine[index], other)
        for key, value in layer.named_buffers():
            torch.testing.assert_close(buffers[key][index], value)


def test_outside_of_vmap_layers_are_as_they_are() -> None:
    layer = nn.Conv2d(2, 3, 3)
    images = torch.randn(1, 2, 5, 5)
    expected = layer(images)
    with StackedLayers("grouped"):
        assert torch.equal(layer(images), expected)
