"""Does LIME say the same again, from other samples?"""

from itertools import combinations
from typing import Any

import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.explanations import LimeExplanations
from ganatomy.explain.targets import Target
from ganatomy.rng import derive_seed

NUM_SEEDS = 3


def stability(
    target: Target,
    images: torch.Tensor,
    segments: torch.Tensor,
    fills: torch.Tensor,
    seed: int,
    num_seeds: int = NUM_SEEDS,
    **sampling: Any,
) -> torch.Tensor:
    """Explain the images from several seeds and compare the coefficients.

    Parameters
    ----------
    target, images, segments, fills, **sampling
        As of `engine.lime`.
    seed : int
    num_seeds : int, at least 2

    Returns
    -------
    Tensor of shape (n,), float64 in [-1, 1]
        Mean of Pearson's correlation over pairs of seeds. Not of ranks: most segments of an image
        on a plain ground have coefficients about 0, whose order is noise that no map shows. NaN
        where an explanation is refused.

    Raises
    ------
    InputError
        Fewer than 2 seeds.
    """
    if num_seeds < 2:
        raise InputError(f"{num_seeds} seeds", "lime.num_seeds", "Use at least 2.")
    return correlation(
        [
            lime(target, images, segments, fills, derive_seed(seed, "stability", index), **sampling)
            for index in range(num_seeds)
        ]
    )


def correlation(runs: list[LimeExplanations]) -> torch.Tensor:
    """Mean pairwise Pearson correlation of the coefficients of the same images, shape (n,)."""
    count = len(runs[0].coefficients)
    found = torch.full((count,), torch.nan, dtype=torch.float64)
    for row in range(count):
        if any(run.refusals[row] for run in runs):
            continue
        each = torch.corrcoef(torch.stack([run.coefficients[row] for run in runs]))
        pairs = list(combinations(range(len(runs)), 2))
        found[row] = torch.stack([each[one, two] for one, two in pairs]).mean()
    return found
