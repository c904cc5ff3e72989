"""A retrained GAN, and the images that it is asked about without its feature."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.data.variants import ChangesNothing, apply
from ganatomy.importance.evaluation_set import EvaluationSet


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
    changed : Tensor of shape (n + m, c, s, s), uint8, or None
        From `changed_alike`: D is then asked what it was trained for. Where it is None that readout
        is left out.
    """

    recipe: Recipe
    seed: int
    share: float
    generator: nn.Module | None
    discriminator: nn.Module | None
    changed: torch.Tensor | None = None


def changed_alike(evaluation: EvaluationSet, recipe: Recipe) -> torch.Tensor | None:
    """Change the held-out images and the base fakes as the variant's training images were.

    Both are changed as one data set, so that what is put in the feature's place tells nothing.

    Returns
    -------
    Tensor of shape (n + m, c, s, s), uint8, or None
        None for a null, and for features that leave images out instead of changing them.
    """
    images = torch.cat([evaluation.reals, evaluation.base_fakes])
    both = Dataset(images, torch.full((len(images),), UNLABELLED))
    if recipe.is_null or recipe.selects:
        return None
    try:
        return apply(both, recipe).dataset.images
    except ChangesNothing:  # of the training images it changes something
        return images
