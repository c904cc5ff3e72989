"""Authenticity: how many fakes are something else than a training point with a little noise."""

from dataclasses import dataclass

from ganatomy.metrics.nearness import Nearness, ThreeSamples
from ganatomy.metrics.shares import share_interval


@dataclass(frozen=True)
class Authenticity:
    """The result of `authenticity`.

    Attributes
    ----------
    share : float in [0, 1]
        Of the fakes that are authentic.
    interval : (float, float)
    floor : float in [0, 1]
        The same of held-out real points: what an honest generator reaches. It is far below 1.
    floor_interval : (float, float)
    """

    share: float
    interval: tuple[float, float]
    floor: float
    floor_interval: tuple[float, float]


def authenticity(samples: ThreeSamples, level: float = 0.95) -> Authenticity:
    """Count points that are farther from their nearest training point than its neighbour is.

    Alaa et al. 2022 (arXiv 2102.08921). A tie is not authentic. A training point's neighbour is
    the nearest *different* one, so a copy is not authentic when the training set has it twice.
    Given the training points, points are independent: the intervals are Clopper-Pearson's.

    Parameters
    ----------
    samples : ThreeSamples
    level : float in (0, 1)
        Of the intervals.
    """
    share, interval = _share(samples.of_fakes, level)
    floor, floor_interval = _share(samples.of_held_out, level)
    return Authenticity(share, interval, floor, floor_interval)


def _share(near: Nearness, level: float) -> tuple[float, tuple[float, float]]:
    authentic = near.distance > near.spacing
    count = int(authentic.sum())
    return count / len(authentic), share_interval(count, len(authentic), level)
