"""Small networks and images, as a stranger would bring them."""

import torch
from torch import nn

SIDE, COUNT = 16, 5
FAST = 150  # samples of LIME


def images(channels: int = 1, count: int = COUNT, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, SIDE, SIDE, generator=draw) * 2 - 1


def discriminator(channels: int = 1, *tail: nn.Module) -> nn.Sequential:
    """A usual one: strided convolutions, batch normalisation, logits of shape (n, 1)."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(6, 8, 4, 2, 1),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2),
        *(tail or (nn.Flatten(), nn.Linear(128, 1))),
    )


def generator(channels: int = 1) -> nn.Sequential:
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Linear(4, 8 * 16),
        nn.Unflatten(1, (8, 4, 4)),
        nn.ConvTranspose2d(8, 6, 4, 2, 1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.ConvTranspose2d(6, channels, 4, 2, 1),
        nn.Tanh(),
    )
