"""How near held-out and generated points come to the training points.

Held-out points give the scale: they come from where the training points come from, and no
generator saw them. A generator that copies comes nearer to the training points than they do.
"""

from dataclasses import dataclass

import torch

from ganatomy.errors import InputError
from ganatomy.metrics.neighbours import nearest, squared_distances

# Features are computed in float32, where the same image in another batch differs by about 1e-7.
_SAME = 1e-6


@dataclass(frozen=True)
class Nearness:
    """The nearest training point of each of n points.

    Attributes
    ----------
    distance : Tensor of shape (n,), float64
        Euclidean; zero for a copy.
    index : Tensor of shape (n,), int64
        Which training point.
    spacing : Tensor of shape (n,), float64
        How far that training point is from the nearest other training point. One that differs by
        less than rounding is the same point: a training set may hold an image twice, and a copy of
        it is a copy.
    """

    distance: torch.Tensor
    index: torch.Tensor
    spacing: torch.Tensor

    @property
    def relative(self) -> torch.Tensor:
        """`distance` in units of `spacing`: comparable between dense and sparse places."""
        return self.distance / self.spacing


@dataclass(frozen=True)
class ThreeSamples:
    """Training, held-out and generated points in one space, and how near the latter come.

    Attributes
    ----------
    train, held_out, fakes : Tensor of shape (t, d), (n, d) and (m, d), float64
    of_held_out, of_fakes : Nearness
    """

    train: torch.Tensor
    held_out: torch.Tensor
    fakes: torch.Tensor
    of_held_out: Nearness
    of_fakes: Nearness


def three_samples(train: torch.Tensor, held_out: torch.Tensor, fakes: torch.Tensor) -> ThreeSamples:
    """Measure how near held-out and generated points come to the training points.

    Parameters
    ----------
    train, held_out, fakes : Tensor of shape (t, d), (n, d) and (m, d)
        Features or pixels; computed with in float64.

    Raises
    ------
    InputError
        An empty set, sets of different d, values that are not finite, or fewer than two different
        training points.
    """
    sets = {"train": train, "held_out": held_out, "fakes": fakes}
    for name, points in sets.items():
        if points.ndim != 2 or len(points) == 0 or points.shape[1] != train.shape[1]:
            raise InputError(
                f"points of shape {tuple(points.shape)} beside {tuple(train.shape)} of train",
                name,
                "Give at least one row in each set, and the same columns in all.",
            )
        if not bool(points.isfinite().all()):
            raise InputError(
                "features that are not finite", name, "Find out where NaN or infinity comes from."
            )
    train, held_out, fakes = train.double(), held_out.double(), fakes.double()
    return ThreeSamples(train, held_out, fakes, nearness(held_out, train), nearness(fakes, train))


def nearness(points: torch.Tensor, train: torch.Tensor) -> Nearness:
    """Find each point's nearest training point, and how isolated that one is.

    Parameters
    ----------
    points, train : Tensor of shape (n, d) and (t, d), float64

    Raises
    ------
    InputError
        Fewer than two different training points.
    """
    distance, index = nearest(points, train)
    same = _SAME * float(train.square().sum(1).mean().sqrt())
    distance[distance <= same] = 0.0
    used, position = index.unique(return_inverse=True)
    return Nearness(distance, index, _spacing(train[used], train, same)[position])


def _spacing(points: torch.Tensor, train: torch.Tensor, same: float) -> torch.Tensor:
    """Distance from training points to the nearest different training point."""
    centre = train.mean(0)
    targets = train - centre
    nearest = []
    for part in points.split(512):
        distances = squared_distances(part - centre, targets)
        nearest.append(distances.masked_fill_(distances <= same**2, torch.inf).amin(1).sqrt())
    spacing = torch.cat(nearest)
    if not bool(spacing.isfinite().all()):
        raise InputError(
            "all training points are the same",
            "train",
            "Give at least two different training images.",
        )
    return spacing
