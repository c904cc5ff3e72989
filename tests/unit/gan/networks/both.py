"""What the tests of every architecture share."""

from types import ModuleType

import torch
from torch import nn

from ganatomy.gan.networks import dcgan, resnet
from ganatomy.initialise import initialise

NAMES = ("dcgan", "resnet")
MODULES: dict[str, ModuleType] = {"dcgan": dcgan, "resnet": resnet}
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def generator(name: str, size: int, num_classes: int = 0, channels: int = 1) -> nn.Module:
    """Of latent_dim 8 and width 4, with initial weights."""
    network: nn.Module = MODULES[name].Generator(size, channels, 8, 4, num_classes)
    initialise(network, 0, "generator")
    return network


def discriminator(name: str, size: int, num_classes: int = 0, channels: int = 1) -> nn.Module:
    network: nn.Module = MODULES[name].Discriminator(size, channels, 4, num_classes)
    initialise(network, 0, "discriminator")
    return network


def images(count: int, size: int, channels: int = 1, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, size, size, generator=draw) * 2 - 1


def latents(count: int, num_classes: int = 0, seed: int = 0) -> torch.Tensor:
    """Latents of length 8, with the classes 0, 1, 2, ... in turn."""
    z = torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))
    if not num_classes:
        return z
    return torch.cat([z, torch.eye(num_classes)[torch.arange(count) % num_classes]], 1)


def used(network: nn.Module, inputs: torch.Tensor) -> nn.Module:
    """With BatchNorm statistics that differ from the initial ones."""
    with torch.no_grad():
        for _ in range(3):
            network.train()(inputs * 1.3)
    return network
