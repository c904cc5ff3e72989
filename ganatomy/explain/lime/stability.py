"""Does LIME say the same again, from other samples?"""

from itertools import combinations

import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.explanations import LimeExplanations
from ganatomy.explain.lime.settings import DEFAULT_SAMPLING, LimeSampling
from ganatomy.explain.networks.targets import Target
from ganatomy.rng import derive_seed

NUM_SEEDS = 3


def stability(
    target: Target,
    images: torch.Tensor,
    segments: torch.Tensor,
    *,
    fills: torch.Tensor,
    seed: int,
    num_seeds: int = NUM_SEEDS,
    sampling: LimeSampling = DEFAULT_SAMPLING,
) -> torch.Tensor:
    """Explain the images from several seeds and compare the coefficients.

    Parameters
    ----------
    target, images, segments, fills
        As of `engine.lime`.
    seed : int
    num_seeds : int, at least 2
    sampling : LimeSampling
        That of the explanation whose stability is asked for.

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

    Examples
    --------
    >>> from ganatomy.explain.lime.baselines import baselines
    >>> from ganatomy.explain.lime.segments import grid
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> parts = torch.nn.Flatten(), torch.nn.Linear(64, 1), torch.nn.Flatten(0)
    >>> images = torch.rand(2, 1, 8, 8)
    >>> fills = baselines("black", images)
    >>> target = d_logit(torch.nn.Sequential(*parts))
    >>> means = stability(target, images, grid(8, 8, 2), fills=fills, seed=0, num_seeds=2)
    >>> [round(float(each), 2) for each in means]  # a linear network leaves nothing to chance
    [1.0, 1.0]
    """
    if num_seeds < 2:
        raise InputError(f"{num_seeds} seeds", "num_seeds", "Use at least 2.")
    return correlation(
        [
            lime(
                target,
                images,
                segments,
                fills=fills,
                seed=derive_seed(seed, "stability", index),
                sampling=sampling,
            )
            for index in range(num_seeds)
        ]
    )


def correlation(runs: list[LimeExplanations]) -> torch.Tensor:
    """Average Pearson's correlation of the same images' coefficients over pairs, shape (n,)."""
    count = len(runs[0].coefficients)
    correlations = torch.full((count,), torch.nan, dtype=torch.float64)
    for row in range(count):
        if any(run.refusals[row] for run in runs):
            continue
        matrix = torch.corrcoef(torch.stack([run.coefficients[row] for run in runs]))
        pairs = list(combinations(range(len(runs)), 2))
        correlations[row] = torch.stack([matrix[one, two] for one, two in pairs]).mean()
    return correlations
