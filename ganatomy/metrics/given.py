"""The quality of a generator beside images that somebody gives, without an evaluator.

Distances are measured in random features: they take images of any size and number of channels, need
no training, and are the same for everybody who compares the same images. Which of the images the
GAN was trained on is not known. They are parted in two halves at random: one stands for training
images, the other for held-out ones.
"""

from collections.abc import Callable

import torch
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.metrics.quality import Three
from ganatomy.metrics.random_features import RandomFeatures
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.metrics.study import evaluate
from ganatomy.rng import generator

FEWEST = 60
"""Given images: with fewer nothing could be told from chance."""
_LARGEST = 64  # pixels a side, of images whose pixels are compared


def evaluate_given(
    reals: torch.Tensor,
    fakes: torch.Tensor,
    *,
    num_replicates: int = 200,
    num_shown: int = 64,
    num_suspects: int = 8,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> EvaluationStudy:
    """Compare generated images with given real ones, in random features and in pixels.

    As many of each are compared as the smallest of three sets has: two halves of the given images,
    and the generated ones. Floors are those of one half beside the other.

    Parameters
    ----------
    reals, fakes : Tensor of shape (n, c, h, w) and (m, c, h, w), uint8
        Of any number of channels and any size from 8 pixels a side on.
    num_replicates, num_shown, num_suspects : int
        As of `study.evaluate`.
    seed : int
        Of the halves and of the bootstrap.
    on_progress : callable, optional
        Called with steps done, and of how many.

    Raises
    ------
    InputError
        Fewer than `FEWEST` given images, too few generated ones, images of two shapes, or given
        images that are all the same.
    """
    if len(reals) < FEWEST:
        raise InputError(f"{len(reals)} images", "reals", f"Give {FEWEST} or more to compare with.")
    if reals.shape[1:] != fakes.shape[1:]:
        raise InputError(
            f"images of shape {tuple(reals.shape[1:])}, generated of {tuple(fakes.shape[1:])}",
            "reals",
            "Give both of one shape.",
        )
    order = torch.randperm(len(reals), generator=generator(seed, "given", "halves"))
    middle = (len(reals) + 1) // 2
    images = Three(reals[order[:middle]], reals[order[middle:]], fakes)
    return evaluate(
        images,
        None,
        RandomFeatures(reals.shape[1]),
        num_replicates=num_replicates,
        num_shown=num_shown,
        num_suspects=num_suspects,
        pixels=Three(*(_smaller(part) for part in images)),
        seed=seed,
        on_progress=on_progress,
    )


def _smaller(images: torch.Tensor) -> torch.Tensor:
    """Average squares of pixels until no side is longer than `_LARGEST`, or nearly so."""
    factor = max(images.shape[-2:]) // _LARGEST
    if factor < 2:
        return images
    parts = [functional.avg_pool2d(part.float(), factor).round() for part in images.split(256)]
    return torch.cat(parts).to(torch.uint8)
