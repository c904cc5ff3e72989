"""A GAN that was trained elsewhere, ready to be asked."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.gan.adopt.construct import construct
from ganatomy.gan.adopt.networks import AdoptedDiscriminator, AdoptedGenerator
from ganatomy.gan.adopt.port import Port
from ganatomy.gan.adopt.styles import StyledGenerator
from ganatomy.gan.sampling import drawn
from ganatomy.rng import generator as random_generator


@dataclass(frozen=True, eq=False)
class Adopted:
    """Networks behind our interface, of a port.

    Parameters
    ----------
    port : Port
    generator : nn.Module or None
        Latents of shape (n, dim + classes) to images of shape (n, c, h, w) in [-1, 1].
    discriminator : nn.Module or None
        Images to logits of shape (n,).
    notes : tuple of str
        What is odd about the weights, in words.
    """

    port: Port
    generator: nn.Module | None
    discriminator: nn.Module | None
    notes: tuple[str, ...]

    def latents(self, count: int, seed: int, *purpose: str) -> torch.Tensor:
        """Draw latents for one purpose, shape (count, dim + classes).

        Standard normal ones, or standardised w of such (`StyledGenerator`).
        """
        latent = self.port.latent
        assert latent is not None
        draw = random_generator(seed, "latent", *purpose)
        z = drawn(count, latent.dim, latent.num_classes, draw)
        if isinstance(self.generator, StyledGenerator):
            return self.generator.standardised(z)
        return z


def adopt(port: Port) -> Adopted:
    """Build both networks of a port with their weights.

    Raises
    ------
    InputError
        Of the first that cannot be built.
    """
    notes: list[str] = []
    generator = discriminator = None
    if port.generator is not None and port.latent is not None:
        network, unused = construct(port.generator, "generator")
        notes += _notes("generator", unused)
        kind = StyledGenerator if port.latent.space == "w" else AdoptedGenerator
        generator = kind(network, port.generator, port.latent, port.seed).eval()
    if port.discriminator is not None:
        network, unused = construct(port.discriminator, "discriminator")
        notes += _notes("discriminator", unused)
        discriminator = AdoptedDiscriminator(network, port.discriminator, port.seed).eval()
    return Adopted(port, generator, discriminator, tuple(notes))


def _notes(where: str, unused: tuple[str, ...]) -> list[str]:
    if not unused:
        return []
    names = ", ".join(unused[:3]) + (f" and {len(unused) - 3} more" if len(unused) > 3 else "")
    return [f"the file has weights that the {where} has no place for: {names}"]
