"""Comparing two samples by ranks alone."""

import torch
from scipy.special import ndtri

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


def auc_gain(
    given: tuple[torch.Tensor, torch.Tensor],
    other: tuple[torch.Tensor, torch.Tensor],
    *,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Return how much larger `auc` is by other scores of the same positives and negatives.

    DeLong et al. 1988 (doi 10.2307/2531595): the interval is for the same items scored twice.

    Parameters
    ----------
    given, other : (Tensor of shape (n,), Tensor of shape (m,))
        Scores of the positives and of the negatives; the items in one order in both.
    level : float in (0, 1)

    Returns
    -------
    (gain, low, high)
    """
    gains = [new - old for old, new in zip(_placements(*given), _placements(*other))]
    gain = float(gains[0].mean())
    error = sum(float(each.var()) / len(each) for each in gains) ** 0.5
    half = float(ndtri((1 + level) / 2)) * error
    return gain, gain - half, gain + half


def _placements(
    positives: torch.Tensor, negatives: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Share of the negatives below each positive, and of the positives above each negative."""
    below, not_above = _positions(positives, negatives)
    under, not_over = _positions(negatives, positives)
    of_positives = (below + not_above).double() / 2 / len(negatives)
    return of_positives, 1 - (under + not_over).double() / 2 / len(positives)


def _positions(
    positives: torch.Tensor, negatives: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Count the negatives that are below each positive, and those that are not above it."""
    ordered, positives = negatives.sort().values, positives.contiguous()
    below = torch.searchsorted(ordered, positives, right=False)
    return below, torch.searchsorted(ordered, positives, right=True)
