"""Which layers have maps: those that return one feature map for each input, once."""

import torch
from torch import nn
from torch.nn import functional

from ganatomy.explain.networks.layers import layers_of
from ganatomy.gan.networks import dcgan, resnet

IMAGES = torch.zeros(2, 1, 28, 28)


def test_convolutions_in_the_order_in_which_they_run() -> None:
    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.second = nn.Conv2d(5, 3, 3, padding=1)
            self.first = nn.ConvTranspose2d(1, 5, 3, padding=1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.second(torch.relu(self.first(images))).mean((1, 2, 3))

    found = layers_of(Turned(), IMAGES)
    assert found.convolutions == ("first", "second")
    assert found.wide == ("first",)
    assert found.last == "first"
    assert found.left_out == {}


def test_one_that_runs_twice_or_never_is_left_out_with_the_reason() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.start = nn.Conv2d(1, 4, 3, padding=1)
            self.tied = nn.Conv2d(4, 4, 3, padding=1)
            self.scaled = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            hidden = self.tied(self.tied(self.start(images)))
            return functional.conv2d(hidden, 0.7 * self.scaled.weight).mean((1, 2, 3))

    found = layers_of(Odd(), IMAGES)
    assert found.convolutions == ("start",)
    assert found.left_out["tied"].startswith("runs 2 times")
    assert found.left_out["scaled"].startswith("runs 0 times")


def test_without_convolutions_what_returns_feature_maps_takes_their_place() -> None:
    class Scaled(nn.Module):
        def __init__(self, channels: int, width: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(width, channels, 3, 3))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return functional.conv2d(images, 0.7 * self.weight)

    found = layers_of(nn.Sequential(Scaled(1, 6), nn.Flatten(), nn.Linear(6 * 26 * 26, 1)), IMAGES)
    assert found.convolutions == ("0",)
    assert found.last == "0"


def test_a_network_without_feature_maps_has_none() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 4))
    found = layers_of(network, IMAGES)
    assert (found.convolutions, found.wide, found.last) == ((), (), None)


def test_a_residual_network_is_looked_at_behind_its_last_block() -> None:
    torch.manual_seed(0)
    network = resnet.Discriminator(28, 1, 8)
    blocks = [
        name
        for name, module in network.named_modules()
        if name and sum(isinstance(each, nn.Conv2d) for each in module.modules()) > 1
    ]
    found = layers_of(network, IMAGES)
    assert found.last in blocks
    inner = [name for name in found.convolutions if name.startswith(f"{found.last}.")]
    assert inner, "the last block holds convolutions of its own"


def test_the_image_itself_is_no_layer_to_look_at() -> None:
    torch.manual_seed(0)
    network = dcgan.Generator(28, 1, 6, 8)
    found = layers_of(network, torch.randn(2, 6))
    assert found.convolutions == ("layers.0", "layers.3")
    assert found.wide == ("layers.0",)
    assert found.last == "layers.0"


def test_the_network_comes_back_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)).train()
    before = {name: each.clone() for name, each in network.state_dict().items()}
    layers_of(network, torch.randn(2, 1, 8, 8))
    assert all(module.training for module in network.modules())
    assert not any(module._forward_hooks for module in network.modules())
    for name, each in network.state_dict().items():
        assert torch.equal(each, before[name])
