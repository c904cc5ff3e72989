"""Which classes the generator makes, and how far their shares are from the reals'."""

import math
from dataclasses import dataclass

import torch

from ganatomy.errors import InputError
from ganatomy.metrics.bootstrap import recentred_interval
from ganatomy.metrics.shares import chance_of_at_most
from ganatomy.rng import generator

_FOUND_FROM = 0.1
_ALPHA = 0.01


@dataclass(frozen=True)
class Divergence:
    """A distance between two histograms.

    Attributes
    ----------
    value : float in [0, 1]
        Of the counts as they are: above zero for finite counts of equal classes.
    interval : (float, float)
        Bootstrap, of what is expected of so many images; see `recentred_interval`.
    floor : float
        Mean for as many reals in place of the fakes.
    floor_high : float
        What reals stay below in all but 2.5% of draws: a larger `value` is the generator's doing.
    """

    value: float
    interval: tuple[float, float]
    floor: float
    floor_high: float


@dataclass(frozen=True)
class Coverage:
    """The result of `cover`.

    Attributes
    ----------
    num_modes : int
        Classes that the reals have.
    num_found : int
        Of these, how many the generator makes.
    missing : tuple of str
        Those that it does not make.
    unsettled : tuple of str
        Those that are too rare among the fakes, but so few images were counted that an honest
        generator's could be.
    jensen_shannon : Divergence
        Base 2: 0 for equal shares, 1 for disjoint classes.
    total_variation : Divergence
        Share of fakes that would have to change class.
    """

    num_modes: int
    num_found: int
    missing: tuple[str, ...]
    unsettled: tuple[str, ...]
    jensen_shannon: Divergence
    total_variation: Divergence


def cover(
    fake_histogram: torch.Tensor,
    real_histogram: torch.Tensor,
    class_names: tuple[str, ...],
    *,
    seed: int,
    level: float = 0.95,
    num_replicates: int = 500,
) -> Coverage:
    """Compare how often each class is made with how often it is among the reals.

    A class is found when its share among the fakes is at least a tenth of its share among the
    reals. It is missing when it is not, and so few would come from an honest generator in less
    than 1 of 100 sets of fakes, over all classes; else it is unsettled. A class that no real has
    is not a mode. An evaluator that takes one class for another fills it: a missing class is only
    seen when fewer images are mistaken for it than a tenth of its share.

    Parameters
    ----------
    fake_histogram, real_histogram : Tensor of shape (k,), int64
        Counts of classes, both as the same evaluator sees them.
    class_names : tuple of k str
    seed : int
        Of the bootstrap, which draws fakes and reals anew.
    level : float in (0, 1)
        Of the intervals.
    num_replicates : int

    Raises
    ------
    InputError
        Histograms of different lengths, negative or empty.
    """
    for name, histogram in (("fakes", fake_histogram), ("reals", real_histogram)):
        if (
            histogram.shape != (len(class_names),)
            or not (histogram >= 0).all()
            or (int(histogram.sum()) == 0)
        ):
            raise InputError(
                f"counts {histogram.tolist()} of {len(class_names)} classes",
                f"class histogram of {name}",
                "Give one count for each class, and at least one image.",
            )
    num_fakes, num_reals = int(fake_histogram.sum()), int(real_histogram.sum())
    modes = [label for label in range(len(class_names)) if real_histogram[label] > 0]
    missing: list[str] = []
    unsettled: list[str] = []
    for label in modes:
        made, real = int(fake_histogram[label]), int(real_histogram[label])
        if made * num_reals >= _FOUND_FROM * real * num_fakes:
            continue
        chance = chance_of_at_most(made, num_fakes, real, among=num_reals)
        (missing if chance * len(modes) < _ALPHA else unsettled).append(class_names[label])
    draw = generator(seed, "coverage", "bootstrap")
    fakes, reals = (
        _draw_anew(histogram, int(histogram.sum()), num_replicates, draw)
        for histogram in (fake_histogram, real_histogram)
    )
    alike = _draw_anew(real_histogram, num_fakes, num_replicates, draw)
    others = _draw_anew(real_histogram, num_reals, num_replicates, draw)
    return Coverage(
        len(modes),
        len(modes) - len(missing) - len(unsettled),
        tuple(missing),
        tuple(unsettled),
        *(
            _divergence(
                float(distance(_shares(fake_histogram), _shares(real_histogram))),
                distance(fakes, reals),
                distance(alike, others),
                level,
            )
            for distance in (jensen_shannon, total_variation)
        ),
    )


def jensen_shannon(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the Jensen-Shannon divergence in bits, in [0, 1] (Lin 1991).

    Parameters
    ----------
    first, second : Tensor of shape (..., k), shares

    Returns
    -------
    Tensor of shape (...)
    """
    middle = (first + second) / 2

    entropies = [torch.special.entr(shares).sum(-1) for shares in (first, second, middle)]
    nats: torch.Tensor = entropies[2] - (entropies[0] + entropies[1]) / 2
    return (nats / math.log(2)).clamp(0, 1)


def total_variation(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return half the summed differences of shares, in [0, 1].

    Parameters
    ----------
    first, second : Tensor of shape (..., k), shares

    Returns
    -------
    Tensor of shape (...)
    """
    return (first - second).abs().sum(-1) / 2


def _shares(histogram: torch.Tensor) -> torch.Tensor:
    return histogram.double() / histogram.sum()


def _draw_anew(
    histogram: torch.Tensor, count: int, num_replicates: int, draw: torch.Generator
) -> torch.Tensor:
    """Shares of each class in replicates of `count` images: shape (num_replicates, k)."""
    drawn = torch.empty(num_replicates, len(histogram), dtype=torch.float64)
    for counts in drawn:
        labels = torch.multinomial(_shares(histogram), count, replacement=True, generator=draw)
        counts[:] = torch.bincount(labels, minlength=len(histogram))
    return drawn / count


def _divergence(
    value: float, replicates: torch.Tensor, floor: torch.Tensor, level: float
) -> Divergence:
    return Divergence(
        value,
        recentred_interval(value, replicates, 0.0, most=1.0, level=level),
        float(floor.mean()),
        float(floor.quantile(0.975)),
    )
