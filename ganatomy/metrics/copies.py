"""Which fakes are too near to a training image, by a threshold that held-out images set."""

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil, inf

import torch

from ganatomy.errors import InputError
from ganatomy.metrics.nearness import ThreeSamples
from ganatomy.metrics.shares import chance_of_at_least, share_interval


@dataclass(frozen=True)
class Copies:
    """The result of `find_copies` in one space.

    Attributes
    ----------
    threshold : float
        The quantile of held-out points' relative distances to the training points.
    expected : float
        Share of an honest generator's fakes below the threshold.
    share : float
        Share of the fakes below it.
    interval : (float, float)
        Clopper-Pearson, of `share`.
    p_value : float
        Chance of a share this large or larger when fakes are drawn like held-out points. It knows
        that the threshold itself was estimated.
    ratio : Tensor of shape (n,), float64
        Each fake's relative distance divided by the threshold: below 1 is suspicious.
    nearest : Tensor of shape (n,), int64
        Each fake's nearest training image.
    """

    threshold: float
    expected: float
    share: float
    interval: tuple[float, float]
    p_value: float
    ratio: torch.Tensor
    nearest: torch.Tensor


@dataclass(frozen=True)
class Suspects:
    """The most suspicious fakes, first the worst.

    Attributes
    ----------
    fake : Tensor of shape (k,), int64
    nearest : dict of str to Tensor of shape (k,), int64
        Their nearest training image, in each space.
    ratio : dict of str to Tensor of shape (k,), float64
    """

    fake: torch.Tensor
    nearest: dict[str, torch.Tensor]
    ratio: dict[str, torch.Tensor]


def find_copies(samples: ThreeSamples, quantile: float = 0.01, level: float = 0.95) -> Copies:
    """Count fakes that are nearer to a training image than all but a few held-out images are.

    Distances are relative to the spacing of the training images at that place. In plain distances
    the quantile is set by the simplest images: a generator that draws nothing but honest ones has
    8% of its digits below the 1% quantile of all held-out digits, and 1-2% in relative distances.

    Parameters
    ----------
    samples : ThreeSamples
    quantile : float in (0, 1)
        Of the held-out points; with fewer than 1 / quantile of them, the nearest one's distance.
    level : float in (0, 1)
        Of the interval.

    Raises
    ------
    InputError
        The quantile is not in (0, 1).
    """
    if not 0 < quantile < 1:
        raise InputError(f"quantile = {quantile}", "copies", "Give a number between 0 and 1.")
    held_out = samples.of_held_out.relative.sort().values
    rank = _rank(quantile, len(held_out))
    threshold = float(held_out[rank - 1])
    relative = samples.of_fakes.relative
    count, total = int((relative < threshold).sum()), len(relative)
    return Copies(
        threshold,
        rank / (len(held_out) + 1),
        count / total,
        share_interval(count, total, level),
        chance_of_at_least(count, total, rank, calibrated_on=len(held_out)),
        # a threshold of zero: held-out images are in the training set, and nothing lies below
        relative / threshold if threshold > 0 else torch.where(relative > 0, torch.inf, 1.0),
        samples.of_fakes.index,
    )


def _rank(quantile: float, num_held_out: int) -> int:
    """Return the rank, from 1, of the held-out distance that is the threshold."""
    return max(1, int(quantile * (num_held_out + 1)))


def least_count(
    num_fakes: int, num_held_out: int, quantile: float, *, alpha: float, least_share: float
) -> float:
    """Return how many fakes must lie below the threshold to be too many: what a verdict can see.

    Parameters
    ----------
    num_fakes, num_held_out : int
    quantile : float in (0, 1)
        As in `find_copies`.
    alpha : float in (0, 1)
        The chance of so many is to be below it.
    least_share : float
        So many of the fakes are needed in any case.

    Returns
    -------
    float
        A whole number of at most `num_fakes`, or infinity where all of them are not too many.
    """
    rank = _rank(quantile, num_held_out)
    counts = range(num_fakes + 1)
    rare = bisect_left(
        counts,
        True,
        key=lambda n: chance_of_at_least(n, num_fakes, rank, calibrated_on=num_held_out) < alpha,
    )
    least = max(rare, ceil(least_share * num_fakes))
    return least if least <= num_fakes else inf


def most_suspicious(spaces: dict[str, Copies], num_suspects: int) -> Suspects:
    """Find the fakes with the smallest ratio of distance to threshold in any space.

    Parameters
    ----------
    spaces : dict of str to Copies
        The same fakes in each.
    num_suspects : int
        Fewer are given when there are fewer fakes.
    """
    ratios = torch.stack([found.ratio for found in spaces.values()])
    # one exact copy is as bad as another; the other space then decides
    order = ratios.amin(0) + 1e-9 * ratios.clamp(max=1e6).mean(0)
    fake = order.argsort(stable=True)[:num_suspects]
    return Suspects(
        fake,
        {name: found.nearest[fake] for name, found in spaces.items()},
        {name: found.ratio[fake] for name, found in spaces.items()},
    )
