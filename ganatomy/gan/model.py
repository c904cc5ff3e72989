"""A GAN: two networks and the moving average of one of them."""

import copy
from dataclasses import dataclass

from torch import nn

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks.build import build_discriminator, build_generator
from ganatomy.gan.networks.construct import construct_discriminator, construct_generator
from ganatomy.gan.networks.spectral import apply_spectral_norm

NETWORKS = ("generator", "discriminator", "generator_ema")


@dataclass
class Gan:
    """A pair of networks, the exponential moving average (EMA) of G, and what they are.

    Attributes
    ----------
    generator, generator_ema : Module
        Latents of shape (n, latent_dim + num_classes) to images of shape (n, c, s, s) in [-1, 1].
    discriminator : Module
        Images of shape (n, c, s, s) to logits of shape (n,); positive means real.
    architecture : Architecture

    Examples
    --------
    >>> import torch
    >>> gan = build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0)
    >>> gan.generator_ema(torch.zeros(2, 8)).shape
    torch.Size([2, 1, 28, 28])
    """

    generator: nn.Module
    discriminator: nn.Module
    generator_ema: nn.Module
    architecture: Architecture


def build_gan(architecture: Architecture, seed: int) -> Gan:
    """Build an untrained GAN whose weights depend on `seed` alone; the EMA starts as the generator.

    Raises
    ------
    InputError
        A network of the user's own cannot be built or breaks the contract.
    """
    generator = build_generator(architecture, seed)
    discriminator = build_discriminator(architecture, seed)
    generator_ema = copy.deepcopy(generator).eval().requires_grad_(False)
    return Gan(generator, discriminator, generator_ema, architecture)


def empty_gan(architecture: Architecture) -> Gan:
    """Build a GAN to read weights into: its weights are unspecified, the contract not checked."""
    discriminator = construct_discriminator(architecture)
    if architecture.spectral_norm:
        apply_spectral_norm(discriminator, seed=0)
    generator, generator_ema = (construct_generator(architecture) for _ in range(2))
    return Gan(generator, discriminator, generator_ema, architecture)
