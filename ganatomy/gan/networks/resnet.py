"""Residual networks without normalisation, after R3GAN (Huang et al. 2024, arXiv 2501.05441).

Weights keep the scale of what flows through them (He et al. 2015, arXiv 1502.01852) and each branch
starts near zero (Fixup, Zhang et al. 2019, arXiv 1901.09321), so there is nothing for BatchNorm to
mend, and a logit depends on its own image in train mode too. Changes of resolution come before the
branches, where a convolution is four times cheaper.

To be trained with beta1 = 0, with spectral norm or with an R1 penalty of about 1, as is usual for
such networks: on 28 px digits, with none of the three, BCE and beta1 = 0.5 end in one image.
"""

from itertools import pairwise

import torch
from torch import nn

from ganatomy.gan.networks.channels_last import FlatLinear, laid_out_for
from ganatomy.gan.networks.conditioning import add_class, equal_power
from ganatomy.gan.networks.sizes import doublings
from ganatomy.initialise import scaled

_SLOPE = 0.2
_KEEPS_SCALE = (2 / (1 + _SLOPE**2)) ** 0.5  # of a convolution behind a LeakyReLU
_BRANCH_END = 0.1  # not zero: spectral norm divides by the largest singular value


class _Branch(nn.Module):
    """x + convolution(activation(convolution(activation(x)))).

    Parameters
    ----------
    width : int
        Channels, in and out.
    num_branches : int
        How many the network has: the more, the weaker each starts (Fixup, two layers a branch).
    """

    def __init__(self, width: int, num_branches: int) -> None:
        super().__init__()
        gain = _KEEPS_SCALE * num_branches**-0.5
        self.activation = nn.LeakyReLU(_SLOPE)
        self.first = scaled(nn.Conv2d(width, width, 3, padding=1), gain)
        self.second = scaled(nn.Conv2d(width, width, 3, padding=1), _BRANCH_END)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        residual = self.first(self.activation(hidden))
        result: torch.Tensor = hidden + self.second(self.activation(residual))
        return result


class Generator(nn.Module):
    """Residual generator: latents to images of shape (n, c, s, s) in [-1, 1].

    Parameters
    ----------
    image_size : int in {28, 32, 64, 128}
    channels : int in {1, 3}
    latent_dim : int
    width : int
        Channels of the last hidden layer; each earlier one has twice as many.
    num_classes : int
        Above 0, the last `num_classes` entries of a latent are its one-hot class.
    """

    def __init__(
        self, image_size: int, channels: int, latent_dim: int, width: int, num_classes: int = 0
    ) -> None:
        super().__init__()
        self.base, count = doublings(image_size)
        self.latent_dim, self.num_classes = latent_dim, num_classes
        widths = [width * 2**k for k in reversed(range(count))]
        self.widest = widths[0]
        num_units = self.widest * self.base**2
        self.project = scaled(nn.Linear(latent_dim + num_classes, num_units), 1.0)
        layers: list[nn.Module] = [_Branch(self.widest, count)]
        for num_in, num_out in pairwise(widths):
            layers += [
                scaled(nn.Conv2d(num_in, num_out, 1), 1.0),
                nn.Upsample(scale_factor=2),
                _Branch(num_out, count),
            ]
        layers += [
            nn.LeakyReLU(_SLOPE),
            nn.Upsample(scale_factor=2),
            scaled(nn.Conv2d(width, channels, 3, padding=1), 1.0),
            nn.Tanh(),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Generate images from latents of shape (n, latent_dim + num_classes)."""
        if self.num_classes:
            z = equal_power(z, self.latent_dim)
        hidden = self.project(z).view(-1, self.widest, self.base, self.base)
        images: torch.Tensor = self.layers(laid_out_for(self.layers, hidden))
        return images


class Discriminator(nn.Module):
    """Residual discriminator: images (n, c, s, s) in [-1, 1] to logits (n,); positive means real.

    Parameters
    ----------
    image_size : int in {28, 32, 64, 128}
    channels : int in {1, 3}
    width : int
        Channels at full and half resolution; twice as many after each later halving.
    num_classes : int
        Above 0, a projection discriminator: see `conditioning.add_class`.
    """

    def __init__(self, image_size: int, channels: int, width: int, num_classes: int = 0) -> None:
        super().__init__()
        base, count = doublings(image_size)
        widths = [width * 2**k for k in range(count)]
        layers: list[nn.Module] = [
            scaled(nn.Conv2d(channels, width, 3, padding=1), 1.0),
            nn.LeakyReLU(_SLOPE),
            nn.AvgPool2d(2),
            _Branch(width, count),
        ]
        for num_in, num_out in pairwise(widths):
            layers += [
                nn.AvgPool2d(2),
                scaled(nn.Conv2d(num_in, num_out, 1), 1.0),
                _Branch(num_out, count),
            ]
        self.layers = nn.Sequential(*layers, nn.LeakyReLU(_SLOPE))
        num_units = widths[-1] * base**2
        self.logit = scaled(FlatLinear(num_units, 1), 1.0)
        self.embedding = (
            scaled(FlatLinear(num_units, num_classes, bias=False), 1.0) if num_classes else None
        )

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Score images, of the classes `labels` (LongTensor of shape (n,)) if these are known."""
        hidden = self.layers(images)
        return add_class(self.logit(hidden).squeeze(1), self.embedding, hidden, labels)
