"""Figures of regions, of ways between latents and of modes: what is told is on them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.latent_study import topology_of_latents
from ganatomy.explain.topology.latent_topology import LatentTopology
from ganatomy.explain.topology.map_study import topology_of_maps
from ganatomy.explain.topology.map_topology import MapTopology
from ganatomy.report.figures.betti_chart import betti_chart
from ganatomy.report.figures.canvas import narrow
from ganatomy.report.figures.latent_paths_chart import paths_chart
from ganatomy.report.figures.latent_strips import strips_sheet, tears_sheet
from ganatomy.report.figures.map_regions import HOLE, REGION, class_region_sheet, region_sheet
from ganatomy.report.figures.modes_chart import modes_chart

pytest.importorskip("gudhi", reason="needs the package gudhi")


class _Torn(nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (z + 4 * (z[:, :1] > 0.3)).reshape(-1, 1, 3, 3)


def _colour(name: str) -> list[int]:
    return [int(name[place : place + 2], 16) for place in (1, 3, 5)]


def _has(picture: np.ndarray, colour: str) -> bool:
    return bool((np.abs(picture.astype(int) - _colour(colour)).max(-1) < 12).any())


@pytest.fixture(scope="module")
def maps() -> MapTopology:
    draw = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(400, 1), nn.Flatten(0))
    images = torch.randn(24, 1, 12, 12, generator=draw)
    subjects = Subjects.of(None, network, real=images[:12], fake=images[12:])
    labels = torch.arange(12) % 2
    named = replace(
        subjects, real_labels=labels, fake_labels=0 * labels, class_names=("$a_", "b" * 60)
    )
    return topology_of_maps(named)


@pytest.fixture(scope="module")
def latents() -> LatentTopology:
    z = torch.randn(32, 9, generator=torch.Generator().manual_seed(0))
    return topology_of_latents(Subjects.of(_Torn(), None, z=z))


def test_regions_and_holes_are_outlined(maps: MapTopology) -> None:
    for picture in (region_sheet(maps, "D"), class_region_sheet(maps, "D")):
        assert picture is not None
        assert _has(picture, REGION)
        assert _has(picture, HOLE)
    bare = replace(
        maps,
        maps=tuple(
            replace(each, marks=0 * each.marks, example_marks=0 * each.example_marks)
            for each in maps.maps
        ),
    )
    picture = region_sheet(bare, "D")
    assert picture is not None
    assert not _has(picture, REGION)


def test_there_is_no_figure_of_a_network_without_maps(maps: MapTopology) -> None:
    assert region_sheet(maps, "G") is None
    assert class_region_sheet(maps, "G") is None
    assert betti_chart(maps, "G") is None


def test_tears_are_marked_on_the_ways(latents: LatentTopology) -> None:
    whole = paths_chart(latents)
    clean = paths_chart(replace(latents, tears=latents.tears[:0]))
    assert whole is not None
    assert clean is not None
    assert not np.array_equal(whole, clean)
    sides = tears_sheet(latents)
    assert sides is not None
    assert len(latents.beside) >= 2
    assert tears_sheet(replace(latents, beside=latents.beside[:0])) is None
    fewer = tears_sheet(replace(latents, beside=latents.beside[:1]))
    assert fewer is not None
    assert fewer.size < sides.size


def test_every_figure_is_drawn_narrow_and_wide(maps: MapTopology, latents: LatentTopology) -> None:
    for draw in (
        lambda: betti_chart(maps, "D"),
        lambda: paths_chart(latents),
        lambda: modes_chart(latents),
    ):
        wide = draw()
        with narrow():
            thin = draw()
        assert wide is not None
        assert thin is not None
        assert thin.shape[1] <= wide.shape[1]
        assert thin.shape[1] <= 515


def test_without_a_generator_there_are_no_ways_to_draw() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(9, 1), nn.Flatten(0))
    alone = topology_of_latents(Subjects.of(None, network, real=torch.randn(5, 1, 3, 3)))
    assert paths_chart(alone) is None
    assert strips_sheet(alone) is None
    assert tears_sheet(alone) is None
    assert modes_chart(alone) is None


def test_strips_have_a_row_for_each_way(latents: LatentTopology) -> None:
    whole, one = strips_sheet(latents), strips_sheet(replace(latents, strips=latents.strips[:1]))
    assert whole is not None
    assert one is not None
    assert whole.shape[0] == pytest.approx(4 * one.shape[0], rel=0.02)
