"""Clouds whose groups and loops are known, clouds without loops, and published divergences."""

# ruff: noqa: E501  the lines of `section` are those of the page

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.tables import table
from ganatomy.explain.topology.divergence import divergence
from ganatomy.explain.topology.homology import (
    bars_of,
    distances_of,
    num_groups,
    num_voids,
    spread,
    sure_loops,
)
from ganatomy.statistics import share_interval
from ganatomy.wording import listed

Result = dict[str, Any]
Make = Callable[[int, torch.Generator], torch.Tensor]
COUNTS = ((400, 200), (1000, 200), (2000, 300))
"""Points, and how many of them loops are looked for on."""
_SEEDS, _NULLS, _FIRST = 20, 50, 50_000  # seeds that nothing was chosen by
_PUBLISHED = (0.0342284, 0.035247244)
_TRIALS = 20


def _circle(count: int, draw: torch.Generator) -> torch.Tensor:
    angle = 2 * math.pi * torch.rand(count, generator=draw)
    points = torch.stack([angle.cos(), angle.sin()], 1)
    return points + 0.05 * torch.randn(count, 2, generator=draw)


def _two_circles(count: int, draw: torch.Generator) -> torch.Tensor:
    points = _circle(count, draw)
    points[count // 2 :, 0] += 4
    return points


def _disc(count: int, draw: torch.Generator) -> torch.Tensor:
    angle = 2 * math.pi * torch.rand(count, generator=draw)
    radius = torch.rand(count, generator=draw).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def _torus(count: int, draw: torch.Generator) -> torch.Tensor:
    angles = 2 * math.pi * torch.rand(count, 2, generator=draw)
    return torch.cat([angles.cos(), angles.sin()], 1)


def _ring_torus(count: int, draw: torch.Generator) -> torch.Tensor:
    """In three dimensions, radii 2 and 1, even over its surface."""
    angles = 2 * math.pi * torch.rand(4 * count, 2, generator=draw)
    kept = torch.rand(4 * count, generator=draw) < (2 + angles[:, 1].cos()) / 3
    around, across = angles[kept][:count].T
    out = 2 + across.cos()
    return torch.stack([out * around.cos(), out * around.sin(), across.sin()], 1)


def _normal(dimensions: int) -> Make:
    return lambda count, draw: torch.randn(count, dimensions, generator=draw)


def _cube(*sides: float) -> Make:
    return lambda count, draw: torch.rand(count, len(sides), generator=draw) * torch.tensor(sides)


def _sphere(dimensions: int) -> Make:
    return lambda count, draw: torch.nn.functional.normalize(
        torch.randn(count, dimensions, generator=draw), dim=1
    )


def _clusters(count: int, draw: torch.Generator) -> torch.Tensor:
    middles = 6 * torch.randn(3, 3, generator=draw)
    own = middles[torch.randint(3, (count,), generator=draw)]
    return own + torch.randn(count, 3, generator=draw)


def _roll(count: int, draw: torch.Generator) -> torch.Tensor:
    """A sheet rolled up once and a half, its turns far from each other."""
    turn = 1.5 * math.pi * (1 + torch.rand(count, generator=draw))
    height = 10 * torch.rand(count, generator=draw)
    return torch.stack([turn * turn.cos(), height, turn * turn.sin()], 1)


def _heavy(count: int, draw: torch.Generator) -> torch.Tensor:
    """Student's t of 2 degrees of freedom, in the plane."""
    spread = -torch.rand(count, 1, generator=draw).clamp(min=1e-6).log()
    return torch.randn(count, 2, generator=draw) / spread.sqrt()


def _skewed(count: int, draw: torch.Generator) -> torch.Tensor:
    return torch.randn(count, 2, generator=draw).exp()


PLANTED: dict[str, tuple[Make, tuple[int, int, int]]] = {
    "circle": (_circle, (1, 1, 0)),
    "two circles": (_two_circles, (2, 2, 0)),
    "disc": (_disc, (1, 0, 0)),
    "sphere": (_sphere(3), (1, 0, 1)),
    "flat torus, 4 dimensions": (_torus, (1, 2, 1)),
    "torus, 3 dimensions": (_ring_torus, (1, 2, 1)),
    "normal, 10 dimensions": (_normal(10), (1, 0, 0)),
}
WITHOUT: dict[str, Make] = {
    "normal, 3 dimensions": _normal(3),
    "normal, 10 dimensions": _normal(10),
    "strip of 1 by 6": _cube(1, 6),
    "cube, 4 dimensions": _cube(1, 1, 1, 1),
    "sphere in 4 dimensions": _sphere(4),
    "three clusters, 3 dimensions": _clusters,
    "rolled sheet": _roll,
    "Student's t, 2 dimensions": _heavy,
    "lognormal, 2 dimensions": _skewed,
}


def num_loops(points: torch.Tensor, chosen: int) -> int:
    """Count as the study does: on points that lie evenly."""
    loops = bars_of(distances_of(spread(points, chosen))).loops
    return int(sure_loops(loops, even=True).sum())


def _drawn(make: Make, count: int, seed: int) -> torch.Tensor:
    return make(count, torch.Generator().manual_seed(_FIRST + seed)).double()


def measure_planted(seeds: int = _SEEDS) -> list[Result]:
    """In how many clouds groups and loops, and voids, are those that were planted."""
    rows = []
    for name, (make, truth) in PLANTED.items():
        row: Result = {"cloud": name, "betti": list(truth), "seeds": seeds}
        for count, chosen in COUNTS:
            begin = time.perf_counter()
            found = [_betti(_drawn(make, count, seed), chosen) for seed in range(seeds)]
            row[f"seconds_{count}"] = round((time.perf_counter() - begin) / seeds, 3)
            row[f"loops_{count}"] = sum(each[:2] == truth[:2] for each in found)
            row[f"voids_{count}"] = sum(each[2] == truth[2] for each in found)
        rows.append(row)
    return rows


def _some(points: torch.Tensor, count: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return points[torch.randperm(len(points), generator=draw)[:count]]


def _betti(points: torch.Tensor, chosen: int) -> tuple[int, int, int]:
    groups = num_groups(distances_of(_some(points, chosen)))
    return groups, num_loops(points, chosen), num_voids(points)


def measure_without(clouds: int = _NULLS) -> list[Result]:
    """In how many clouds without a loop one is called sure, and without a void one is."""
    rows = []
    for name, make in WITHOUT.items():
        row: Result = {"cloud": name, "clouds": clouds}
        for count, chosen in COUNTS:
            drawn = [_drawn(make, count, seed) for seed in range(clouds)]
            row[f"loops_{count}"] = sum(num_loops(points, chosen) > 0 for points in drawn)
            row[f"voids_{count}"] = sum(num_voids(points) > 0 for points in drawn)
        rows.append(row)
    return rows


def measure_published(trials: int = _TRIALS) -> Result:
    """The example of the authors' package, by the numbers that it draws: once, and the mean."""
    draw = np.random.RandomState(7)
    points, base = draw.rand(1000, 2), draw.rand(1000, 2)
    found = []
    for _ in range(1 + trials):
        chosen = base[draw.choice(1000, 1000, replace=False)]
        some = points[draw.choice(1000, 100, replace=False)]
        found.append(divergence(torch.from_numpy(some), torch.from_numpy(chosen))[1])
    own = (found[0], float(np.mean(found[1:])))
    return {"trials": trials, "published": list(_PUBLISHED), "ours": list(own)}


def section(result: Result) -> str:
    """Words and tables of the page."""
    heads = ["cloud", "groups, loops, voids"]
    heads += [f"{chosen} of {count:,} points" for count, chosen in COUNTS]
    planted = [
        [
            *(row["cloud"], ", ".join(map(str, row["betti"]))),
            *(f"{row[f'loops_{count}']}, {row[f'voids_{count}']}" for count, _ in COUNTS),
            ", ".join(f"{row[f'seconds_{count}']:.2f}" for count, _ in COUNTS),
        ]
        for row in result["planted"]
    ]
    without = [
        [
            row["cloud"],
            *(f"{row[f'loops_{count}']}, {row[f'voids_{count}']}" for count, _ in COUNTS),
        ]
        for row in result["without"]
    ]
    clouds = result["without"][0]["clouds"]
    total = clouds * len(result["without"])
    shares = []
    for count, chosen in COUNTS:
        alarms = sum(row[f"loops_{count}"] for row in result["without"])
        low, high = share_interval(alarms, total)
        shares.append(
            f"{alarms} of {total} with {chosen} of {count:,} points ({low:.1%} to {high:.1%})"
        )
    published = result["published"]
    rows = [
        [name, f"{theirs:.7f}", f"{ours:.7f}", f"{ours - theirs:+.1e}"]
        for name, theirs, ours in zip(
            ("one pair of batches", f"mean of {published['trials']} pairs"),
            published["published"],
            published["ours"],
        )
    ]
    return f"""\
### Planted groups and loops

As the stage counts them: groups of as many drawn points, loops on points that lie evenly, voids on 100 such; seeds that nothing was chosen by. Of {result["planted"][0]["seeds"]} clouds those in which groups and loops are right, and those in which voids are. Seconds are those of one cloud with {", ".join(f"{count:,}" for count, _ in COUNTS)} points.

{table([*heads, "seconds"], planted)}

Clouds without a loop in which one is called sure: {listed(shares)}. Of {clouds} clouds of each kind those with a loop, and those with a void:

{table(["cloud", *(f"{chosen} of {count:,} points" for count, chosen in COUNTS)], without)}

### Published divergences

Manifold Topology Divergence of two samples of a square, by the example that comes with the authors' package ([MTopDiv](https://github.com/IlyaTrofimov/MTopDiv), `Example.ipynb`): the same numbers are drawn (numpy, seed 7; 100 points over 1,000), and the package's figures are those that it prints, in single precision.

{table(["example", "published", "ours", "difference"], rows)}"""
