"""Groups and loops of a cloud of points, at every scale: persistent homology.

Points that are nearer than a scale are joined; as the scale grows, groups merge and loops appear
and are filled (Vietoris-Rips; Edelsbrunner, Letscher and Zomorodian 2002). gudhi computes it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.errors import InputError

_EULER = 0.5772156649015329
_FEWEST = 5
GAP = 1.6
"""Times the scale at which groups hang together: nearer ones are one group."""
_PERHAPS = 0.2  # corrected p below which a loop is not what others are measured by
LOOP_FROM = 2.5
"""Times its beginning: a loop of points that lie evenly and lasts as long is none of chance."""
VOID_FROM = 1.4
"""Times the scale at which a void is closed: one that lasts as long is none of chance."""
_MOST_OF_VOIDS = 100
_MISSING = ("homology needs it, and it is not installed", "gudhi")


@dataclass(frozen=True, eq=False)
class Bars:
    """Where things begin and end, as the scale grows.

    Attributes
    ----------
    groups : Tensor of shape (n - 1,), float64, rising
        The scales at which two groups become one.
    loops : Tensor of shape (k, 2), float64
        The scales at which each loop appears and is filled; those that never are left out.
    """

    groups: torch.Tensor
    loops: torch.Tensor


def distances_of(points: torch.Tensor, others: torch.Tensor | None = None) -> torch.Tensor:
    """Return Euclidean distances, shape (n, m), float64; to themselves exactly 0 and symmetric."""
    points = points.double()
    if others is not None:
        return torch.cdist(points, others.double(), compute_mode="donot_use_mm_for_euclid_dist")
    found = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return found.fill_diagonal_(0)


def bars_of(distances: torch.Tensor) -> Bars:
    """Compute groups and loops up to the scale from which on all is one cone.

    Parameters
    ----------
    distances : Tensor of shape (n, n)
        Symmetric, 0 on the diagonal; 5 points or more.

    Raises
    ------
    InputError
        gudhi is not installed, too few points, or distances that are not finite.

    Examples
    --------
    >>> corners = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1], [0.0, 0.5]])
    >>> bars_of(distances_of(corners)).groups
    tensor([0.5000, 0.5000, 1.0000, 1.0000], dtype=torch.float64)
    """
    if len(distances) < _FEWEST:
        raise InputError(f"{len(distances)} points", "points", f"Give {_FEWEST} or more.")
    if not bool(distances.isfinite().all()):
        raise InputError("distances that are not finite", "points", "See what they are.")
    groups, loops = _pairs(distances, [0, 1])
    ends = np.sort(groups[:, 1][np.isfinite(groups[:, 1])])
    ends = np.concatenate([np.zeros(max(0, len(distances) - 1 - len(ends))), ends])
    kept = loops[np.isfinite(loops[:, 1])]
    order = np.lexsort((kept[:, 0], -(kept[:, 1] - kept[:, 0])))
    return Bars(torch.from_numpy(ends), torch.from_numpy(kept[order].copy()))


def _pairs(distances: torch.Tensor, degrees: list[int]) -> list[NDArray[np.float64]]:
    matrix = distances.double().cpu().numpy()
    transform = _rips()(
        homology_dimensions=degrees,
        input_type="full distance matrix",
        threshold=float(matrix.max(1).min()),  # from there on all is one cone
        num_collapses=0,  # to collapse edges first takes three times as long at 1,000 points
    )
    found: list[NDArray[np.float64]] = transform.fit_transform([matrix])[0]
    return found


def _rips() -> Callable[..., Any]:
    try:
        from gudhi.sklearn.rips_persistence import RipsPersistence
    except ImportError as error:
        raise InputError(*_MISSING, 'Install it: pip install "ganatomy[topology]".') from error
    found: Callable[..., Any] = RipsPersistence
    return found


def betti_curve(begin: torch.Tensor, end: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """Count what has begun and not ended at each scale, shape of `scales`.

    Examples
    --------
    >>> betti_curve(torch.tensor([0.0, 1]), torch.tensor([2.0, 3]), torch.tensor([0.5, 1.5, 2.5]))
    tensor([1, 2, 1])
    """
    return ((begin <= scales[:, None]) & (scales[:, None] < end)).sum(1)


def spread(points: torch.Tensor, count: int) -> torch.Tensor:
    """Take points that lie evenly: each as far as can be from those before (Gonzalez 1985).

    Drawn at random, points leave gaps, and a gap makes a loop begin late: of as many points that
    are chosen so the loops are longer beside those of chance.

    Parameters
    ----------
    points : Tensor of shape (n, d)
    count : int
        All are taken where there are no more.

    Returns
    -------
    Tensor of shape (min(n, count), d)

    Examples
    --------
    >>> spread(torch.tensor([[0.0], [1.0], [2.0], [9.0]]), 3).flatten()
    tensor([0., 9., 2.])
    """
    if len(points) <= count:
        return points
    chosen = [0]
    nearest = (points - points[0]).square().sum(1)
    for _ in range(count - 1):
        chosen.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, (points - points[chosen[-1]]).square().sum(1))
    return points[chosen]


def sure_loops(loops: torch.Tensor, alarm: float = 0.05, *, even: bool = False) -> torch.Tensor:
    """Say which loops are longer than those that any cloud has by chance.

    The logarithm of the ratio of a loop's end to its beginning follows an exponential law, whatever
    the points are drawn from (Bobrowski and Skraba 2023, Scientific Reports 13:12274). Bonferroni's
    correction is over all loops.

    Parameters
    ----------
    loops : Tensor of shape (k, 2)
        As of `Bars`.
    alarm : float
        The chance that any loop of a cloud without one is called sure.
    even : bool
        Points were `spread`: of these a loop is sure whose end is `LOOP_FROM` times its beginning,
        which was measured, as no law is known.

    Returns
    -------
    Tensor of shape (k,), bool
    """
    known = (loops[:, 0] > 0) & (loops[:, 1] > loops[:, 0])
    if even:
        return known & (loops[:, 1] >= LOOP_FROM * loops[:, 0])
    ratios = torch.where(known, loops[:, 1] / loops[:, 0].clamp(min=1e-300), 1.0)
    doubled = torch.where(known, ratios.log().clamp(min=1e-300).log(), -math.inf)
    if int(known.sum()) < 2:
        return torch.zeros(len(loops), dtype=torch.bool)
    count = int(known.sum())
    chance = _chance(doubled, known) * count
    # a loop that is none of chance's would raise the mean that chance is measured by
    return known & (_chance(doubled, known & (chance > _PERHAPS)) * count < alarm)


def _chance(doubled: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    if not bool(others.any()):
        return torch.ones_like(doubled)
    return torch.exp(-torch.exp(doubled - doubled[others].mean() - _EULER))


def num_voids(points: torch.Tensor) -> int:
    """Count voids, as a sphere encloses one, between a hundred points or half of fewer ones.

    They are `spread`, and a void counts that is filled at `VOID_FROM` times the scale at which it
    is closed, which was measured, as no law is known. What they take rises with the fourth power
    of the number of points, so there are no more.

    Parameters
    ----------
    points : Tensor of shape (n, d)
        Ten or more.

    Examples
    --------
    >>> points = torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
    >>> num_voids(points), num_voids(points / points.norm(dim=1, keepdim=True))
    (0, 1)
    """
    chosen = spread(points, min(_MOST_OF_VOIDS, len(points) // 2))
    voids = _pairs(distances_of(chosen), [2])[0]
    return int(((voids[:, 0] > 0) & (voids[:, 1] >= VOID_FROM * voids[:, 0])).sum())


def robust(distances: torch.Tensor, neighbours: int = 5) -> torch.Tensor:
    """Move points apart that have few neighbours, so that a stray one joins no groups.

    The mutual reachability distance (Campello et al. 2013): at least the distance of either point
    to its `neighbours`-th neighbour.
    """
    count = min(neighbours, len(distances) - 1)
    core = distances.kthvalue(count + 1, dim=1).values
    found = torch.maximum(distances, torch.maximum(core[:, None], core[None]))
    return found.fill_diagonal_(0)


def num_groups(distances: torch.Tensor, *, gap: float = GAP, least: float = 0.05) -> int:
    """Count groups that stand apart.

    Two clusters of the tree that joins nearest points are groups where the scale at which they
    join is `gap` times that at which the later of the two was one itself, and each holds a share
    of all points of `least`. Scales are of `robust` distances.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    matrix = robust(distances.double().cpu())
    tree = linkage(squareform(matrix.numpy(), checks=False), "single")
    count = len(matrix)
    fewest = max(3, least * count)
    # of each cluster: points, the scale at which it was one, groups in it
    size, scale, groups = [1.0] * count, [0.0] * count, [1] * count
    for left, right, level, points in tree:
        parts = (int(left), int(right))
        large = [part for part in parts if size[part] >= fewest]
        apart = len(large) == 2 and level >= gap * max(scale[part] for part in large)
        size.append(points)
        scale.append(level)
        if apart or any(groups[part] > 1 for part in parts):
            groups.append(sum(groups[part] for part in large) or 1)
        else:
            groups.append(1)
    return groups[-1]
