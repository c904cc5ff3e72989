"""Groups and loops of real and of generated images as clouds of points, and what differs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ganatomy.explain.topology.divergence import PARTS, divergences, permuted
from ganatomy.explain.topology.homology import (
    Bars,
    bars_of,
    distances_of,
    num_groups,
    num_voids,
    spread,
    sure_loops,
)
from ganatomy.rng import generator
from ganatomy.statistics import benjamini_hochberg

COUNTS = ["kind", "what", "count", "low", "high", "agree"]
WAYS = ["way", "part", "divergence", "low", "high", "floor", "floor_low", "floor_high", "p"]
CLASSES = ["name", "num_images", "made", "left_out", "p", "q"]
COURSE = ["step", "made", "left_out"]
REAL, FAKE = "real", "generated"
MADE, LEFT = "made", "left_out"
FEWEST = 40
"""Images of a kind: of fewer nothing is said."""
ALARM = 0.05
"""The chance that clouds of one kind are told apart."""
TESTS = 2 * len(PARTS)
_COMPONENTS = 20
_EVEN = 2  # times as many images as points: then these are spread evenly


@dataclass(frozen=True)
class CloudSettings:
    """Numbers of what is drawn.

    Attributes
    ----------
    num_points : int
        Images of each kind that are compared, at most: drawn, but for loops chosen among all that
        are given, so that they lie evenly.
    num_permutations : int
        Of the labels real and generated.
    num_subsamples : int
        Of half of the images, by which counts and divergences have their intervals.
    """

    num_points: int = 200
    num_permutations: int = 99
    num_subsamples: int = 8


DEFAULT_CLOUDS = CloudSettings()


@dataclass(frozen=True, eq=False)
class Cloud:
    """Real and generated images in one space.

    Attributes
    ----------
    space : str
        How it is called: "the evaluator's features", "pixels".
    num_points : int
        Images of each kind.
    num_dimensions : int
        Principal components that the points are taken in, and the `share` of the spread of real
        images (generated ones where there are none) that these have.
    share : float
    counts : DataFrame
        `COUNTS`: of each kind the ``count`` of ``groups``, ``loops`` and ``voids``, smallest and
        largest over subsamples, and the share of subsamples that ``agree``.
    ways : DataFrame
        `WAYS`: the divergence of what is ``made`` (generated over real images) and of what is
        ``left_out`` (real over generated ones), each by `divergence.PARTS`, mean and 95 % range
        over subsamples; the same of real over other real images; ``p`` by permutation. Empty with
        one kind alone.
    classes : DataFrame
        `CLASSES`: the published divergences of each class, its smallest p by Bonferroni, and q
        over classes.
    course : DataFrame
        `COURSE`: the published divergences at each snapshot of the training.
    bars : dict of str to Bars
        By kind.
    is_even : bool
        Loops are of points that were chosen so that they lie evenly.
    """

    space: str
    num_points: int
    num_dimensions: int
    share: float
    counts: pd.DataFrame
    ways: pd.DataFrame
    classes: pd.DataFrame
    course: pd.DataFrame
    bars: dict[str, Bars]
    is_even: bool = False

    @property
    def p(self) -> float:
        """The chance of such divergences where both kinds are one: Bonferroni over all of them."""
        return float(min(1.0, TESTS * self.ways["p"].min())) if len(self.ways) else float("nan")

    @property
    def differs(self) -> bool:
        """Whether generated images are told from real ones."""
        return self.p <= ALARM

    def count(self, kind: str, what: str) -> tuple[int, float]:
        """Give a count and the share of subsamples that agree."""
        rows = self.counts[(self.counts["kind"] == kind) & (self.counts["what"] == what)]
        return int(rows["count"].iloc[0]), float(rows["agree"].iloc[0])


def compare_clouds(
    real: torch.Tensor,
    fake: torch.Tensor,
    space: str,
    *,
    labels: tuple[torch.Tensor, torch.Tensor] | None = None,
    class_names: tuple[str, ...] = (),
    course: Iterator[tuple[int, torch.Tensor]] | tuple[tuple[int, torch.Tensor], ...] = (),
    settings: CloudSettings = DEFAULT_CLOUDS,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> Cloud:
    """Compare two clouds of points: groups, loops, and what each has that the other has not.

    Parameters
    ----------
    real, fake : Tensor of shape (n, d), (m, d)
        One of them may be empty.
    space : str
        How the space is called.
    labels : two Tensors of shape (n,), (m,), optional
        Of classes; -1 for none.
    class_names : tuple of str
    course : iterable of (int, Tensor of shape (m, d))
        Generated images at steps of the training.
    settings : CloudSettings
    seed : int
    tick : callable
        Called as the work goes on.

    Examples
    --------
    >>> draw = torch.Generator().manual_seed(0)
    >>> one = torch.randn(80, 2, generator=draw)
    >>> cloud = compare_clouds(one, torch.cat([one[:40], one[:40] + 9]), "the plane")
    >>> cloud.count("real", "groups")[0], cloud.count("generated", "groups")[0], cloud.differs
    (1, 2, True)
    """
    points = _Components.of(real if len(real) >= FEWEST else fake)
    kinds = {REAL: points(real), FAKE: points(fake)}
    kinds = {name: each for name, each in kinds.items() if len(each) >= FEWEST}
    count = min(settings.num_points, *(len(each) for each in kinds.values()))
    draw = generator(seed, "topology", space)
    chosen = {name: _some(each, count, draw) for name, each in kinds.items()}
    fewest = min(len(each) for each in kinds.values())
    pools = {name: _some(each, fewest, draw) for name, each in kinds.items()}
    bars = {
        name: Bars(bars_of(distances_of(each)).groups, _loops(pools[name], count))
        for name, each in chosen.items()
    }
    tick()
    counts = _counts(chosen, pools, bars, settings, draw)
    tick()
    both = len(chosen) == 2
    return Cloud(
        space,
        count,
        points.count,
        points.share,
        counts,
        _ways(kinds, chosen, settings, draw) if both else pd.DataFrame(columns=WAYS),
        _classes(points, real, fake, labels, class_names, settings, draw)
        if both and labels is not None
        else pd.DataFrame(columns=CLASSES),
        _course(points, chosen, course, settings, draw)
        if REAL in chosen
        else pd.DataFrame(columns=COURSE),
        bars,
        fewest >= _EVEN * count,
    )


@dataclass(frozen=True, eq=False)
class _Components:
    mean: torch.Tensor
    directions: torch.Tensor
    share: float

    @staticmethod
    def of(points: torch.Tensor) -> "_Components":
        points = points.double()
        mean = points.mean(0)
        _, sizes, directions = torch.linalg.svd(points - mean, full_matrices=False)
        sizes = sizes.square()
        count = min(_COMPONENTS, int((sizes > 1e-12 * sizes[0]).sum()))
        return _Components(mean, directions[:count], float(sizes[:count].sum() / sizes.sum()))

    @property
    def count(self) -> int:
        return len(self.directions)

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        return (points.double() - self.mean) @ self.directions.T


def _some(points: torch.Tensor, count: int, draw: torch.Generator) -> torch.Tensor:
    return points[torch.randperm(len(points), generator=draw)[:count]]


def _loops(points: torch.Tensor, count: int) -> torch.Tensor:
    return bars_of(distances_of(spread(points, count))).loops


def _num_loops(loops: torch.Tensor, points: torch.Tensor, count: int) -> int:
    return int(sure_loops(loops, even=len(points) >= _EVEN * count).sum())


def _counts(
    chosen: dict[str, torch.Tensor],
    pools: dict[str, torch.Tensor],
    bars: dict[str, Bars],
    settings: CloudSettings,
    draw: torch.Generator,
) -> pd.DataFrame:
    rows = []
    for kind, points in chosen.items():
        pool, half = pools[kind], max(FEWEST // 2, len(points) // 2)
        whole = [
            num_groups(distances_of(points)),
            _num_loops(bars[kind].loops, pool, len(points)),
            num_voids(pool),
        ]
        small = _halves(points, half, settings, draw)
        large = _halves(pool, max(half, len(pool) // 2), settings, draw)
        parts = [
            [num_groups(distances_of(each)) for each in small],
            [_num_loops(_loops(each, half), each, half) for each in large],
            [num_voids(each) for each in large],
        ]
        for what, count, part in zip(("groups", "loops", "voids"), whole, parts):
            agree = float(np.mean([each == count for each in part]))
            rows.append((kind, what, count, min(part), max(part), agree))
    return pd.DataFrame(rows, columns=COUNTS)


def _halves(
    points: torch.Tensor, size: int, settings: CloudSettings, draw: torch.Generator
) -> list[torch.Tensor]:
    return [_some(points, size, draw) for _ in range(settings.num_subsamples)]


def _ways(
    kinds: dict[str, torch.Tensor],
    chosen: dict[str, torch.Tensor],
    settings: CloudSettings,
    draw: torch.Generator,
) -> pd.DataFrame:
    _, p = permuted(
        chosen[REAL], chosen[FAKE], num_permutations=settings.num_permutations, generator=draw
    )
    size = len(chosen[REAL]) // 2
    how = {"num_points": size, "num_base": size, "num_trials": settings.num_subsamples}
    found = divergences(kinds[REAL], kinds[FAKE], **how, generator=draw)
    half = kinds[REAL][torch.randperm(len(kinds[REAL]), generator=draw)].chunk(2)
    floor = divergences(half[0], half[1], **{**how, "num_points": size // 2}, generator=draw)
    if len(half[0]) >= size:
        floor = divergences(half[0], half[1], **how, generator=draw)
    rows = []
    for place, way in enumerate((MADE, LEFT)):
        for degree, part in enumerate(PARTS):
            own, beside = found[:, place, degree], floor[:, :, degree].flatten()
            rows.append((way, part, *_range(own), *_range(beside), float(p[place, degree])))
    return pd.DataFrame(rows, columns=WAYS)


def _range(values: torch.Tensor) -> tuple[float, float, float]:
    low, high = values.quantile(torch.tensor([0.025, 0.975], dtype=values.dtype)).tolist()
    return float(values.mean()), low, high


def _classes(
    points: _Components,
    real: torch.Tensor,
    fake: torch.Tensor,
    labels: tuple[torch.Tensor, torch.Tensor],
    class_names: tuple[str, ...],
    settings: CloudSettings,
    draw: torch.Generator,
) -> pd.DataFrame:
    rows = []
    for label, name in enumerate(class_names):
        own = [each[own == label] for each, own in zip((real, fake), labels)]
        count = min(*(len(each) for each in own), settings.num_points)
        if count < FEWEST:
            continue
        parts = [_some(points(each), count, draw) for each in own]
        found, p = permuted(
            parts[0], parts[1], num_permutations=settings.num_permutations, generator=draw
        )
        rows.append((name, count, *found[:, 1].tolist(), min(1.0, TESTS * float(p.min()))))
    table = pd.DataFrame(rows, columns=CLASSES[:-1])
    return table.assign(q=benjamini_hochberg(table["p"].to_numpy(dtype=float)))


def _course(
    points: _Components,
    chosen: dict[str, torch.Tensor],
    course: Iterator[tuple[int, torch.Tensor]] | tuple[tuple[int, torch.Tensor], ...],
    settings: CloudSettings,
    draw: torch.Generator,
) -> pd.DataFrame:
    size, rows = len(chosen[REAL]) // 2, []
    for step, fakes in course:
        found = divergences(
            chosen[REAL],
            points(fakes),
            num_points=size,
            num_base=size,
            num_trials=settings.num_subsamples,
            generator=draw,
        )
        rows.append((step, *found[..., 1].mean(0).tolist()))
    return pd.DataFrame(rows, columns=COURSE)
