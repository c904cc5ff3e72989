"""Named scalars that an explanation explains, one per input."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Target:
    """A function from inputs to one scalar each, and the network that it runs through.

    Attributes
    ----------
    name : str
        Recorded wherever an explanation of it goes.
    model : nn.Module
        The network whose layers can be explained.
    score : callable
        Inputs of shape (n, ...) to Tensor of shape (n,), differentiable.
    """

    name: str
    model: nn.Module
    score: Callable[[torch.Tensor], torch.Tensor]


class GeneratorThenDiscriminator(nn.Module):
    """The composite z -> G -> D, with ``generator`` and ``discriminator`` as named parts."""

    def __init__(self, generator: nn.Module, discriminator: nn.Module) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """D's logit of G's image, shape (n,)."""
        logits: torch.Tensor = self.discriminator(self.generator(z))
        return logits


def d_logit(discriminator: nn.Module) -> Target:
    """D's logit of an image: what speaks for "real"."""
    return Target("d_logit", discriminator, discriminator)


def d_logit_of_g(generator: nn.Module, discriminator: nn.Module) -> Target:
    """D's logit of G's image as a function of z: what in G makes D say "real"."""
    composite = GeneratorThenDiscriminator(generator, discriminator)
    return Target("d_logit_of_g", composite, composite)
