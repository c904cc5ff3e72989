"""Latents in, images out; images in, logits out. For any generator and discriminator."""

import torch
from torch import nn

from ganatomy.data.images import to_float
from ganatomy.rng import generator as random_generator


def latents(count: int, latent_dim: int, seed: int, *purpose: str | int) -> torch.Tensor:
    """Standard normal latents of shape (count, latent_dim) for one purpose."""
    draw = random_generator(seed, "latent", *purpose)
    return torch.randn(count, latent_dim, generator=draw)


@torch.no_grad()
def generate(generator: nn.Module, z: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
    """Images of shape (n, c, s, s), float32 in [-1, 1], on the CPU, for latents on the CPU."""
    device = next(generator.parameters()).device
    return torch.cat([generator(part.to(device)).cpu() for part in z.split(batch_size)])


@torch.no_grad()
def score(discriminator: nn.Module, images: torch.Tensor, batch_size: int = 512) -> torch.Tensor:
    """Logits of shape (n,), float64 on the CPU, for uint8 images."""
    device = next(discriminator.parameters()).device
    parts = [discriminator(to_float(part.to(device))).cpu() for part in images.split(batch_size)]
    return torch.cat(parts).double()
