"""Latents in, images out; images in, logits out. For any generator and discriminator."""

from itertools import chain

import torch
from torch import nn
from torch.nn import functional

from ganatomy.data.images import to_float
from ganatomy.gan.architecture import Architecture
from ganatomy.rng import generator as random_generator


def latents(
    count: int,
    architecture: Architecture,
    seed: int,
    *purpose: str | int,
    labels: torch.Tensor | None = None,
) -> torch.Tensor:
    """Draw standard normal latents for one purpose, a one-hot class behind where G takes one.

    Parameters
    ----------
    labels : Tensor of shape (count,), int64, optional
        The classes; drawn uniformly when not given. Without effect on an unconditional GAN.

    Returns
    -------
    Tensor of shape (count, latent_dim + num_classes), float32

    Examples
    --------
    >>> architecture = Architecture(image_size=28, channels=1, latent_dim=8, width=4)
    >>> z = latents(3, architecture, 0)
    >>> z.shape, torch.equal(z, latents(3, architecture, 0))
    (torch.Size([3, 8]), True)
    """
    draw = random_generator(seed, "latent", *purpose)
    return drawn(count, architecture.latent_dim, architecture.num_classes, draw, labels)


def drawn(
    count: int,
    dim: int,
    num_classes: int,
    draw: torch.Generator,
    labels: torch.Tensor | None = None,
) -> torch.Tensor:
    """Draw standard normal latents, a one-hot class behind: of shape (count, dim + num_classes)."""
    z = torch.randn(count, dim, generator=draw)
    if num_classes == 0:
        return z
    if labels is None:
        labels = torch.randint(num_classes, (count,), generator=draw)
    return torch.cat([z, functional.one_hot(labels, num_classes).float()], 1)


@torch.no_grad()
def generate(generator: nn.Module, z: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
    """Return G's images, shape (n, c, s, s), float32 in [-1, 1], on the CPU, of latents there.

    Examples
    --------
    >>> from ganatomy.gan.model import build_gan
    >>> gan = build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0)
    >>> generate(gan.generator_ema, latents(2, gan.architecture, 0)).shape
    torch.Size([2, 1, 28, 28])
    """
    device = _device_of(generator)
    return torch.cat([generator(part.to(device)).cpu() for part in z.split(batch_size)])


@torch.no_grad()
def score(discriminator: nn.Module, images: torch.Tensor, batch_size: int = 512) -> torch.Tensor:
    """Return D's logits of uint8 images, shape (n,), float64 on the CPU.

    Examples
    --------
    >>> from ganatomy.gan.model import build_gan
    >>> gan = build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0)
    >>> score(gan.discriminator, torch.zeros(2, 1, 28, 28, dtype=torch.uint8)).shape
    torch.Size([2])
    """
    device = _device_of(discriminator)
    parts = [discriminator(to_float(part.to(device))).cpu() for part in images.split(batch_size)]
    return torch.cat(parts).double()


def _device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are; a program may have none, and is on the CPU."""
    held = next(chain(network.parameters(), network.buffers()), None)
    return torch.device("cpu") if held is None else held.device
