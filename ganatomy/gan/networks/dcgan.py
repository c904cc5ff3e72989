"""A small DCGAN (Radford et al. 2016, arXiv 1511.06434).

In the paper both networks have BatchNorm. In D it makes a logit depend on the whole batch while D
is trained, on batches of reals and batches of fakes; in eval mode it is another function, of
running statistics of both. A D without it, or with a norm within each image, is the same function
of its image always. Activations are not in place, so that hooks see what a layer really returned.
"""

from typing import Literal

import torch
from torch import nn

from ganatomy.gan.networks.channels_last import FlatLinear, laid_out_for
from ganatomy.gan.networks.conditioning import add_class, equal_power
from ganatomy.gan.networks.sizes import doublings

Norm = Literal["batch", "layer", "none"]


class Generator(nn.Module):
    """DCGAN's generator: latents to images of shape (n, c, s, s) in [-1, 1].

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
        self.base, num_doublings = doublings(image_size)
        self.latent_dim, self.num_classes = latent_dim, num_classes
        self.widest = width * 2 ** (num_doublings - 1)
        num_units = self.widest * self.base**2
        self.project = nn.Linear(latent_dim + num_classes, num_units, bias=False)
        self.norm = nn.BatchNorm2d(self.widest)
        self.activation = nn.ReLU()
        layers: list[nn.Module] = []
        num_in = self.widest
        for _ in range(num_doublings - 1):
            layers += [
                nn.ConvTranspose2d(num_in, num_in // 2, 4, 2, 1, bias=False),
                nn.BatchNorm2d(num_in // 2),
                nn.ReLU(),
            ]
            num_in //= 2
        layers += [nn.ConvTranspose2d(num_in, channels, 4, 2, 1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Generate images from latents of shape (n, latent_dim + num_classes)."""
        if self.num_classes:
            z = equal_power(z, self.latent_dim)
        hidden = self.project(z).view(-1, self.widest, self.base, self.base)
        hidden = laid_out_for(self.layers, hidden)
        images: torch.Tensor = self.layers(self.activation(self.norm(hidden)))
        return images


class Discriminator(nn.Module):
    """DCGAN's discriminator: images (n, c, s, s) in [-1, 1] to logits (n,); positive means real.

    Parameters
    ----------
    image_size : int in {28, 32, 64, 128}
    channels : int in {1, 3}
    width : int
        Channels of the first layer; each later one has twice as many.
    num_classes : int
        Above 0, a projection discriminator: see `conditioning.add_class`.
    norm : {"batch", "layer", "none"}
        Behind each convolution but the first. ``batch`` as in the paper; ``layer`` over all values
        of one image (Ba et al. 2016, arXiv 1607.06450), a gain and a shift for each channel.
    """

    def __init__(
        self,
        image_size: int,
        channels: int,
        width: int,
        num_classes: int = 0,
        *,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        base, halvings = doublings(image_size)
        layers: list[nn.Module] = []
        num_in, num_out = channels, width
        for index in range(halvings):
            here: Norm = norm if index > 0 else "none"  # not on the first layer, as in the paper
            # a bias before BatchNorm has no effect and no gradient: Adam would walk it at random
            layers.append(nn.Conv2d(num_in, num_out, 4, 2, 1, bias=here != "batch"))
            if here == "batch":
                layers.append(nn.BatchNorm2d(num_out))
            elif here == "layer":
                layers.append(nn.GroupNorm(1, num_out))
            layers.append(nn.LeakyReLU(0.2))
            num_in, num_out = num_out, num_out * 2
        self.layers = nn.Sequential(*layers)
        num_units = num_in * base**2
        self.logit = FlatLinear(num_units, 1)
        self.embedding = FlatLinear(num_units, num_classes, bias=False) if num_classes else None

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Score images, of the classes `labels` (LongTensor of shape (n,)) if these are known."""
        hidden = self.layers(images)
        return add_class(self.logit(hidden).squeeze(1), self.embedding, hidden, labels)
