"""Regions and holes against pictures that are cut at thresholds and labelled, and known shapes."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from ganatomy.explain.topology.cubical import count, curve, in_range, outlined, persistence

pytest.importorskip("gudhi", reason="needs the package gudhi")

Array = NDArray[np.float64]
_Y, _X = np.mgrid[:31, :37].astype(float)
RING = np.exp(-((np.hypot(_Y - 15, _X - 18) - 9) ** 2) / 4)
DISCS = np.exp(-((_Y - 15) ** 2 + (_X - 9) ** 2) / 12) + 0.7 * np.exp(
    -((_Y - 15) ** 2 + (_X - 27) ** 2) / 12
)


def _counted(values: Array, threshold: float) -> tuple[int, int]:
    """Regions that touch by corners, and what they enclose, by labelling the picture."""
    inside = values >= threshold
    regions = ndimage.label(inside, np.ones((3, 3)))[1]
    outside = ndimage.label(np.pad(~inside, 1, constant_values=True))[1]
    return regions, outside - 1


@pytest.mark.parametrize("seed", range(10))
def test_curves_count_what_labelling_counts_at_every_threshold(seed: int) -> None:
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(13 + seed, 17))
    if seed % 2:
        values = ndimage.gaussian_filter(values, 1.0)
    values = in_range(values)
    if seed % 3 == 0:
        values = np.round(values, 1)  # many equal values
    found = persistence(values)
    thresholds = np.linspace(0.01, 1, 23)
    expected = np.array([_counted(values, each) for each in thresholds], dtype=float)
    # at or below the lowest value all is one region: its life ends there by definition
    assert np.array_equal(curve(found.regions, thresholds), expected[:, 0])
    assert np.array_equal(curve(found.holes, thresholds), expected[:, 1])
    assert expected[:, 0].max() > 2
    assert expected[:, 1].max() > 0


@pytest.mark.parametrize("seed", range(3))
def test_the_euler_number_is_regions_less_holes(seed: int) -> None:
    measure = pytest.importorskip("skimage.measure", reason="needs the package scikit-image")
    values = in_range(ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(40, 32)), 1))
    found = persistence(values)
    for threshold in (0.3, 0.5, 0.7):
        alive = [curve(each, np.array([threshold]))[0] for each in (found.regions, found.holes)]
        # nothing is a hole at the edge: the picture stands in a frame
        padded = np.pad(values >= threshold, 1)
        assert alive[0] - alive[1] == measure.euler_number(padded, connectivity=2)


def test_a_ring_has_one_region_and_one_hole_and_two_discs_have_two_and_none() -> None:
    ring, discs = (persistence(in_range(each)) for each in (RING, DISCS))
    assert (count(ring.regions, 0.2), count(ring.holes, 0.2)) == (1, 1)
    assert (count(discs.regions, 0.2), count(discs.holes, 0.2)) == (2, 0)
    assert discs.regions[1, 0] - discs.regions[1, 1] == pytest.approx(0.7, abs=0.01)
    assert np.unravel_index(discs.peaks[0], DISCS.shape) == (15, 9)
    assert np.unravel_index(discs.peaks[1], DISCS.shape) == (15, 27)
    assert np.unravel_index(ring.bottoms[0], RING.shape) == (15, 18)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_what_persists_does_not_depend_on_the_maps_scale(factor: float) -> None:
    found = persistence(in_range(factor * DISCS - 3 * factor))
    assert count(found.regions, 0.2) == 2
    assert found.regions[1] == pytest.approx([0.7, 0.0], abs=0.01)


def test_a_constant_map_has_no_regions() -> None:
    found = persistence(in_range(np.full((5, 4), 3.0)))
    assert len(found.regions) == len(found.holes) == 0
    assert not outlined(np.zeros((5, 4)), 0.2).any()


def test_marks_lie_where_the_shapes_do() -> None:
    discs, ring = outlined(in_range(DISCS), 0.2), outlined(in_range(RING), 0.2)
    assert set(np.unique(discs)) == {0, 1, 2}
    assert discs[15, 9] == 1
    assert discs[15, 27] == 2
    assert discs[15, 18] == 0
    assert ring[15, 18] == -1
    assert ring[15, 27] == 1
    assert ring[0, 0] == 0
