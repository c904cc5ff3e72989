"""Comparing two samples by ranks alone."""

import torch

from ganatomy.metrics.bootstrap import recentred_interval, resample
from ganatomy.rng import generator


def auc(positives: torch.Tensor, negatives: torch.Tensor) -> float:
    """Return the probability that a positive scores above a negative, ties counting half.

    The Mann-Whitney U of the positives, divided by the number of pairs.

    Parameters
    ----------
    positives, negatives : Tensor of shape (n,) and (m,)
    """
    below, not_above = _positions(positives, negatives)
    return float((below + not_above).double().mean()) / 2 / len(negatives)


def auc_interval(
    positives: torch.Tensor,
    negatives: torch.Tensor,
    seed: int,
    *,
    level: float = 0.95,
    num_replicates: int = 500,
) -> tuple[float, float]:
    """Return a bootstrap interval of `auc`; both samples are drawn anew each time.

    Parameters
    ----------
    positives, negatives : Tensor of shape (n,) and (m,)
    seed : int
    level : float in (0, 1)
    num_replicates : int

    Returns
    -------
    (low, high)
    """
    draw = generator(seed, "auc", "bootstrap")
    # the order of the values does not change, only how often each counts
    below, not_above = _positions(positives, negatives)
    order = negatives.argsort()
    replicates = torch.empty(num_replicates, dtype=torch.float64)
    for index in range(num_replicates):
        passed = resample(len(negatives), 1, draw)[0][order].cumsum(0)
        passed = torch.cat([passed.new_zeros(1), passed])
        wins = (passed[below] + passed[not_above]) / 2
        replicates[index] = (wins @ resample(len(positives), 1, draw)[0]) / len(positives)
    value = auc(positives, negatives)
    return recentred_interval(value, replicates / len(negatives), 0.0, most=1.0, level=level)


def _positions(
    positives: torch.Tensor, negatives: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Count the negatives that are below each positive, and those that are not above it."""
    ordered = negatives.sort().values
    below = torch.searchsorted(ordered, positives, right=False)
    return below, torch.searchsorted(ordered, positives, right=True)
