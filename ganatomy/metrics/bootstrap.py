"""How far a metric would move with other images: resampled rows, and an interval from them."""

import torch


def resample(count: int, num_replicates: int, draw: torch.Generator) -> torch.Tensor:
    """Count how often each replicate takes each row, shape (num_replicates, count), float64.

    Each replicate draws `count` rows with replacement (Efron 1979): its counts sum to `count`.
    """
    rows = torch.randint(count, (num_replicates, count), generator=draw)
    counts = torch.zeros(num_replicates, count, dtype=torch.float64)
    return counts.scatter_add_(1, rows, torch.ones_like(counts))


def recentred_interval(
    value: float,
    replicates: torch.Tensor,
    least: float = -torch.inf,
    *,
    most: float = torch.inf,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return quantiles of the replicates, moved so that their mean falls on the value.

    A replicate repeats rows, so its Frechet distance is larger than the value by about as much as
    the value is larger than the distance of the distributions: plain quantiles often leave out the
    value itself. Moved, they cover what is expected of sets of this size (not of infinite ones).
    For 95 % intervals of two sets of 500 rows from Gaussians in 8 dimensions, 150 trials each, the
    expectation was inside in 95-100 % of trials for the Frechet and 94-100 % for the kernel
    distance, between equal Gaussians and far apart; of plain quantiles in 1-92 % for the Frechet
    distance. Intervals are too wide where the sets are of (nearly) one distribution.

    Parameters
    ----------
    value : float
        The metric of the rows as they are.
    replicates : Tensor of shape (b,)
    least, most : float
        The metric's range, which the interval does not leave.
    level : float in (0, 1)

    Returns
    -------
    (low, high)
    """
    tail = (1 - level) / 2
    at = torch.tensor([tail, 1 - tail], dtype=torch.float64)
    low, high = (
        value + torch.quantile(replicates.double(), at) - replicates.double().mean()
    ).tolist()
    return min(max(low, least), most), min(max(high, least), most)
