"""A small DCGAN (Radford et al. 2016, arXiv 1511.06434) for images of 28, 32 or 64 px.

Both networks have BatchNorm, as in the paper: it halves the Frechet distance at equal steps. In
train mode a logit therefore depends on the whole batch; metrics and explanations use eval mode,
where it depends on its own image alone. Activations are not in place, so that hooks see what a
layer really returned.
"""

import torch
from torch import nn

from ganatomy.errors import InputError

IMAGE_SIZES = (28, 32, 64)


def _upsamplings(image_size: int) -> tuple[int, int]:
    """(side of the first feature map, number of doublings up to image_size)."""
    if image_size not in IMAGE_SIZES:
        raise InputError(
            f"image size {image_size} is not supported",
            "prepare.image_size",
            f"Use one of: {', '.join(map(str, IMAGE_SIZES))}.",
        )
    return {28: (7, 2), 32: (4, 3), 64: (4, 4)}[image_size]


class Generator(nn.Module):
    """Latents of shape (n, latent_dim) to images of shape (n, c, s, s) in [-1, 1].

    Parameters
    ----------
    image_size : int in {28, 32, 64}
    channels : int in {1, 3}
    latent_dim : int
    width : int
        Channels of the last hidden layer; each earlier one has twice as many.
    """

    def __init__(self, image_size: int, channels: int, latent_dim: int, width: int) -> None:
        super().__init__()
        self.base, doublings = _upsamplings(image_size)
        self.latent_dim = latent_dim
        self.widest = width * 2 ** (doublings - 1)
        self.project = nn.Linear(latent_dim, self.widest * self.base**2, bias=False)
        self.norm = nn.BatchNorm2d(self.widest)
        self.activation = nn.ReLU()
        layers: list[nn.Module] = []
        num_in = self.widest
        for _ in range(doublings - 1):
            layers += [
                nn.ConvTranspose2d(num_in, num_in // 2, 4, 2, 1, bias=False),
                nn.BatchNorm2d(num_in // 2),
                nn.ReLU(),
            ]
            num_in //= 2
        layers += [nn.ConvTranspose2d(num_in, channels, 4, 2, 1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Generate images."""
        hidden = self.project(z).view(len(z), self.widest, self.base, self.base)
        images: torch.Tensor = self.layers(self.activation(self.norm(hidden)))
        return images


class Discriminator(nn.Module):
    """Images of shape (n, c, s, s) in [-1, 1] to logits of shape (n,); positive means real.

    Parameters
    ----------
    image_size : int in {28, 32, 64}
    channels : int in {1, 3}
    width : int
        Channels of the first layer; each later one has twice as many.
    """

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__()
        base, halvings = _upsamplings(image_size)
        layers: list[nn.Module] = []
        num_in, num_out = channels, width
        for index in range(halvings):
            norm = index > 0  # not on the first layer, as in the paper
            # a bias before BatchNorm has no effect and no gradient: Adam would walk it at random
            layers.append(nn.Conv2d(num_in, num_out, 4, 2, 1, bias=not norm))
            if norm:
                layers.append(nn.BatchNorm2d(num_out))
            layers.append(nn.LeakyReLU(0.2))
            num_in, num_out = num_out, num_out * 2
        self.layers = nn.Sequential(*layers)
        self.logit = nn.Linear(num_in * base**2, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Score images."""
        logits: torch.Tensor = self.logit(self.layers(images).flatten(1)).squeeze(1)
        return logits


def convolutions(network: nn.Module) -> dict[str, nn.Module]:
    """Every convolution and transposed convolution by its dotted name, in forward order."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))
    }
