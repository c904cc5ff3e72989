"""A retrained GAN, and what it was trained on."""

from dataclasses import dataclass

from torch import nn

from ganatomy.data.recipe import Recipe


@dataclass(frozen=True)
class Member:
    """One retrained GAN, and what it was trained on.

    Attributes
    ----------
    recipe : Recipe
        Of the variant that it was trained on.
    seed : int
    share : float in (0, 1]
        Of the training's steps at which this was kept; 1 is its end.
    generator : Module or None
        The moving average. None where training has diverged.
    discriminator : Module or None
    """

    recipe: Recipe
    seed: int
    share: float
    generator: nn.Module | None
    discriminator: nn.Module | None
