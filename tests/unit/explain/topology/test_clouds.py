"""Groups, loops and divergences of clouds whose truth is known, and against ripser's own bars."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from ripser import ripser

from ganatomy.errors import InputError
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.clouds import CloudSettings, compare_clouds
from ganatomy.explain.topology.divergence import cross_distances, divergence, permuted
from ganatomy.explain.topology.homology import (
    bars_of,
    betti_curve,
    distances_of,
    num_groups,
    num_voids,
    spread,
    sure_loops,
)
from ganatomy.explain.topology.result import TopologyStudy, sentences_of
from ganatomy.explain.topology.study import describe_topology

SEEDS = range(20)
QUICK = CloudSettings(num_points=80, num_permutations=99, num_subsamples=4)


def _draw(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _circle(count: int, draw: torch.Generator, middle: float = 0.0) -> torch.Tensor:
    angle = 2 * math.pi * torch.rand(count, generator=draw)
    points = torch.stack([middle + angle.cos(), angle.sin()], 1)
    return points + 0.05 * torch.randn(count, 2, generator=draw)


def _two_circles(count: int, draw: torch.Generator) -> torch.Tensor:
    return torch.cat([_circle(count // 2, draw), _circle(count // 2, draw, 4.0)])


def _disc(count: int, draw: torch.Generator) -> torch.Tensor:
    angle = 2 * math.pi * torch.rand(count, generator=draw)
    radius = torch.rand(count, generator=draw).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def _noise(count: int, draw: torch.Generator) -> torch.Tensor:
    return torch.randn(count, 10, generator=draw)


def _two_modes(count: int, draw: torch.Generator) -> torch.Tensor:
    return torch.randn(count, 3, generator=draw) + 8.0 * (torch.arange(count)[:, None] % 2)


@pytest.mark.parametrize("dimensions", [2, 3, 10])
def test_bars_are_ripsers(dimensions: int) -> None:
    distances = distances_of(torch.randn(90, dimensions, generator=_draw(dimensions)))
    groups, loops = ripser(distances.numpy(), distance_matrix=True, maxdim=1)["dgms"]
    found = bars_of(distances)
    ends = np.sort(groups[np.isfinite(groups[:, 1]), 1])
    np.testing.assert_allclose(found.groups.numpy(), ends, atol=1e-5)
    expected = loops[np.lexsort((loops[:, 0], -(loops[:, 1] - loops[:, 0])))]
    np.testing.assert_allclose(found.loops.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "groups", "loops"),
    [(_circle, 1, 1), (_two_circles, 2, 2), (_disc, 1, 0), (_noise, 1, 0), (_two_modes, 2, 0)],
)
def test_groups_and_loops_of_known_clouds(
    make: Callable[[int, torch.Generator], torch.Tensor], groups: int, loops: int
) -> None:
    found = []
    for seed in SEEDS:
        distances = distances_of(make(300, _draw(seed)))
        found.append((num_groups(distances), int(sure_loops(bars_of(distances).loops).sum())))
    assert found.count((groups, loops)) >= len(SEEDS) - 1


def _flat_torus(count: int, draw: torch.Generator) -> torch.Tensor:
    angles = 2 * math.pi * torch.rand(count, 2, generator=draw)
    return torch.cat([angles.cos(), angles.sin()], 1)


def _torus_in_space(count: int, draw: torch.Generator) -> torch.Tensor:
    """Evenly over the surface: an angle stays with a chance as its ring is long."""
    angles, keep = 2 * math.pi * torch.rand(4 * count, 2, generator=draw), 4 * count
    along, around = angles[torch.rand(keep, generator=draw) < (2 + angles[:, 1].cos()) / 3].T
    ring = 2 + around.cos()
    return torch.stack([ring * along.cos(), ring * along.sin(), around.sin()], 1)[:count]


@pytest.mark.parametrize(
    ("make", "count", "chosen", "loops"),
    [
        (_circle, 1000, 200, 1),
        (_two_circles, 1000, 200, 2),
        (_disc, 1000, 200, 0),
        (_noise, 1000, 200, 0),
        (_flat_torus, 1000, 200, 2),
        (_flat_torus, 400, 200, 2),
        (_two_circles, 400, 200, 2),
        (_torus_in_space, 2000, 300, 2),
    ],
)
def test_loops_of_points_that_lie_evenly(
    make: Callable[[int, torch.Generator], torch.Tensor], count: int, chosen: int, loops: int
) -> None:
    """A torus too; of as many points that are drawn its loops are seldom sure."""
    found = [
        int(
            sure_loops(
                bars_of(distances_of(spread(make(count, _draw(seed)), chosen))).loops, even=True
            ).sum()
        )
        for seed in SEEDS
    ]
    assert found.count(loops) >= len(SEEDS) - 1


def test_points_that_are_spread_cover_a_cloud_twice_as_well_as_drawn_ones() -> None:
    points = torch.rand(1000, 2, generator=_draw(0))
    gap = distances_of(points, spread(points, 50)).amin(1).max()
    assert gap < distances_of(points, points[:50]).amin(1).max() / 1.5
    assert len(spread(points, 50).unique(dim=0)) == 50
    assert torch.equal(spread(points[:9], 50), points[:9])


def test_a_cloud_without_loops_seldom_has_a_sure_one() -> None:
    """At most 5 % are allowed; 100 clouds of three kinds."""
    alarms = [0, 0]
    for seed in range(100):
        points = torch.rand(160, 2 + seed % 3, generator=_draw(seed))
        for even, each in enumerate((points[:80], spread(points, 80))):
            alarms[even] += bool(
                sure_loops(bars_of(distances_of(each)).loops, even=bool(even)).any()
            )
    assert max(alarms) <= 10  # of which 11 come by chance in 1 of 100 such tests


def _sphere(count: int, draw: torch.Generator) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=draw), dim=1)


@pytest.mark.parametrize(
    ("make", "voids"), [(_sphere, 1), (_flat_torus, 1), (_disc, 0), (_noise, 0), (_circle, 0)]
)
def test_voids_of_known_clouds(
    make: Callable[[int, torch.Generator], torch.Tensor], voids: int
) -> None:
    found = [num_voids(make(400, _draw(seed))) for seed in SEEDS]
    assert found.count(voids) >= len(SEEDS) - 1


def test_an_octahedron_encloses_a_void() -> None:
    """Joined at the length of its edges, sqrt 2, and filled at that of its diagonals, 2."""
    corners = torch.cat([torch.eye(3), -torch.eye(3)])
    twice = torch.cat([corners, corners])  # of twelve points six are taken
    assert num_voids(twice) == 1
    assert num_voids(twice * torch.tensor([1.0, 1.0, 1.5])) == 0  # from 1.8 to 2


def test_a_square_has_a_loop_from_its_side_to_its_diagonal() -> None:
    corners = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1], [9.0, 9]])
    found = bars_of(distances_of(corners))
    assert found.loops.tolist() == [pytest.approx([1.0, 2**0.5])]
    assert found.groups.tolist() == pytest.approx([1.0, 1.0, 1.0, 128**0.5])
    levels = torch.tensor([0.5, 1.2, 1.5])
    assert betti_curve(*found.loops.T, levels).tolist() == [0, 1, 0]


def test_nothing_leaves_a_cloud_that_holds_it() -> None:
    points = torch.randn(30, 2, generator=_draw(0))
    assert divergence(points[:10], points) == (0, 0)
    assert divergence(points, points + 20)[0] > 0


def test_a_cross_barcode_is_that_of_its_distances() -> None:
    """The tree by Prim's rule, a point at a time; the loops by ripser."""
    draw = _draw(5)
    points, base = _circle(30, draw), _disc(40, draw) + 0.5
    distances = cross_distances(points, base)
    reached, length = distances[30:, :30].amin(0), 0.0
    left = set(range(30))
    while left:
        nearest = min(left, key=lambda place: float(reached[place]))
        length += float(reached[nearest])
        left.remove(nearest)
        reached = torch.minimum(reached, distances[nearest, :30])
    loops = ripser(distances.numpy(), distance_matrix=True, maxdim=1)["dgms"][1]
    found = divergence(points, base)
    assert found == pytest.approx((length, float((loops[:, 1] - loops[:, 0]).sum())), rel=1e-5)


def test_the_divergence_is_the_published_one() -> None:
    """Of two samples of a square: the figure in Example.ipynb of the authors' package (MTopDiv)."""
    draw = np.random.RandomState(7)
    points, base = draw.rand(1000, 2), draw.rand(1000, 2)
    base = base[draw.choice(1000, 1000, replace=False)]
    points = points[draw.choice(1000, 100, replace=False)]
    found = divergence(torch.from_numpy(points), torch.from_numpy(base))[1]
    assert found == pytest.approx(0.0342284, abs=2e-7)  # as many digits as it is given in


def test_permutation_is_exact_where_both_are_one() -> None:
    """p <= 0.05 in at most 5 % of pairs; 60 pairs."""
    alarms = 0
    for seed in range(60):
        draw = _draw(seed)
        one, other = (torch.randn(24, 3, generator=draw) for _ in range(2))
        _, p = permuted(one, other, num_permutations=79, generator=draw)
        alarms += bool(4 * p.min() <= 0.05)
    assert alarms <= 8  # 9 and more come by chance in 1 of 200 such tests


def test_a_mode_that_g_misses_is_left_out() -> None:
    draw = _draw(0)
    real = _two_modes(160, draw)
    cloud = compare_clouds(
        real, real[::2] + 0.3 * torch.randn(80, 3, generator=draw), "the plane", settings=QUICK
    )
    assert cloud.count("real", "groups")[0] == 2
    assert cloud.count("generated", "groups")[0] == 1
    told = " ".join(sentences_of(cloud))
    assert "the data has 2 groups and what G makes 1 group" in told
    rows = cloud.ways.set_index(["way", "part"])
    assert rows.loc[("left_out", "groups"), "p"] == 0.01
    assert rows.loc[("made", "groups"), "p"] > 0.05


def test_two_modes_that_g_joins_are_told() -> None:
    draw = _draw(1)
    fake = _two_modes(120, draw)
    fake[::3] = 8 * torch.rand(40, 1, generator=draw) + torch.randn(40, 3, generator=draw)
    cloud = compare_clouds(_two_modes(120, draw), fake, "the plane", settings=QUICK)
    told = " ".join(sentences_of(cloud))
    assert "G makes what lies beyond the data" in told
    assert "the data has 2 groups and what G makes 1 group" in told


def test_a_ring_that_g_fills_is_told() -> None:
    draw = _draw(2)
    settings = CloudSettings(num_points=240, num_permutations=79, num_subsamples=4)
    cloud = compare_clouds(_circle(240, draw), _disc(240, draw), "the plane", settings=settings)
    told = " ".join(sentences_of(cloud))
    assert "G makes what lies beyond the data" in told
    assert "the data has 1 loop and what G makes 0 loops" in told


def test_equal_clouds_are_not_told_apart() -> None:
    draw = _draw(3)
    cloud = compare_clouds(_disc(80, draw), _disc(80, draw), "the plane", settings=QUICK)
    assert "is not to be told" in " ".join(sentences_of(cloud))


def test_too_few_points_or_none_that_are_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="4 points"):
        bars_of(torch.zeros(4, 4))
    with pytest.raises(InputError, match="not finite"):
        bars_of(torch.full((6, 6), float("nan")))


def test_the_whole_study_comes_back_from_its_files(tmp_path: Path) -> None:
    draw = _draw(4)
    real = torch.randn(50, 1, 8, 8, generator=draw).clamp(-1, 1)
    generator = torch.nn.Sequential(
        torch.nn.Linear(6, 64), torch.nn.Tanh(), torch.nn.Unflatten(1, (1, 8, 8))
    )
    subjects = Subjects.of(generator, None, real=real, z=torch.randn(50, 6, generator=draw))
    settings = CloudSettings(num_points=50, num_permutations=9, num_subsamples=2)
    study = describe_topology(
        subjects, history=[(5, generator)], settings=settings, num_paths=2, seed=1
    )
    study.save(tmp_path)
    loaded = TopologyStudy.load(tmp_path)
    assert loaded.verdict() == study.verdict()
    assert loaded.metrics() == pytest.approx(study.metrics())
    (cloud,), (again,) = study.clouds, loaded.clouds
    for name in ("counts", "ways", "course"):
        one, other = getattr(cloud, name), getattr(again, name)
        pd.testing.assert_frame_equal(one, other, check_dtype=False)
    assert list(again.course["step"]) == [5]
    assert torch.equal(again.bars["real"].loops, cloud.bars["real"].loops)
    assert "the evaluator’s features" in loaded.left_out


def test_few_images_are_told_so() -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 1), torch.nn.Flatten(0))
    subjects = Subjects.of(None, network, real=torch.rand(20, 1, 8, 8))
    study = describe_topology(subjects)
    assert study.clouds == ()
    assert study.left_out["real images"] == "there are 20, and 40 are needed"
    assert "nothing could be asked" in study.verdict()
