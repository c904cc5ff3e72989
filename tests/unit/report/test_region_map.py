"""Regions over the mean image: outlined where they stand out, plain where they were not asked."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK
from ganatomy.report.figures.region_map import region_map, region_values
from tests.unit.report.looking import is_colour, margin_is_white, runs

BLACK = "#000000"
Box = tuple[slice, slice]


def _cells(grid: int, size: int) -> dict[str, NDArray[np.bool_]]:
    edges = np.linspace(0, size, grid + 1).round().astype(int)
    cells = {}
    for row in range(grid):
        for column in range(grid):
            mask = np.zeros((size, size), dtype=bool)
            mask[edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = True
            cells[f"cell_{row}_{column}"] = mask
    return cells


def _panels(shape: tuple[int, int]) -> tuple[Box, Box]:
    """Where G's and D's panel stand, from a map of a black image that asks nothing."""
    black = is_colour(region_map(np.zeros(shape), {}, {}), BLACK)
    rows = runs(black.any(1))
    columns = [run for run in runs(black.any(0)) if run[1] - run[0] > 50]
    assert len(columns) == 2
    top, bottom = max(rows, key=lambda run: run[1] - run[0])
    first, second = ((slice(top, bottom), slice(*run)) for run in columns)
    return first, second


def _enlarged(mask: NDArray[np.bool_], panel: NDArray[np.uint8]) -> NDArray[np.bool_]:
    factor = panel.shape[0] // mask.shape[0]
    assert panel.shape[:2] == (factor * mask.shape[0], factor * mask.shape[1])
    return mask.repeat(factor, 0).repeat(factor, 1)


@pytest.mark.parametrize(("grid", "size"), [(1, 28), (3, 28), (4, 28), (5, 32), (14, 28)])
def test_outlines_mark_the_cells_that_stand_out(grid: int, size: int) -> None:
    cells = _cells(grid, size)
    name = f"cell_{grid // 2}_{grid - 1}"
    picture = region_map(np.full((1, size, size), 255.0), cells, {name: (5.0, 5.0, True, False)})
    of_g, of_d = (picture[panel] for panel in _panels((size, size)))
    inside = _enlarged(cells[name], of_g)
    side = np.sqrt(inside.sum())
    assert not is_colour(of_g, INK)[~inside].any()
    assert is_colour(of_g, INK)[inside].sum() > 3 * side
    assert is_colour(of_d, INK).sum() < 2 * side + 100  # its number


def test_cells_that_were_not_asked_stay_as_the_mean_image_is() -> None:
    mean = np.random.default_rng(0).integers(0, 256, (28, 28))
    cells = _cells(4, 28)
    picture = region_map(mean, cells, {"cell_1_2": (5.0, 2.0, False, True)})
    for panel in _panels((28, 28)):
        shown = picture[panel]
        asked = _enlarged(cells["cell_1_2"], shown)
        expected = _enlarged(mean, shown)[..., None].repeat(3, 2)
        np.testing.assert_array_equal(shown[~asked], expected[~asked])
        assert (shown[asked] != expected[asked]).any(1).mean() > 0.9


def test_colour_channels_are_shown_as_their_mean() -> None:
    colour = np.stack([np.full((8, 8), level) for level in (0, 60, 240)])
    np.testing.assert_array_equal(
        region_map(colour, {}, {}), region_map(np.full((8, 8), 100), {}, {})
    )


@pytest.mark.parametrize("largest", [9.0, 900.0])
def test_a_larger_t_has_a_stronger_colour(largest: float) -> None:
    cells = _cells(2, 28)
    lengths = [0.1, 3.0, 6.0, largest]
    values = {name: (t, t, False, False) for name, t in zip(cells, lengths)}
    picture = region_map(np.full((28, 28), 128), cells, values)
    for panel, sign in zip(_panels((28, 28)), (-1, 1)):
        shown = picture[panel].astype(int)
        warmth = shown[..., 0] - shown[..., 2]
        medians = [np.median(warmth[_enlarged(cells[name], shown)]) * sign for name in cells]
        assert medians == sorted(medians)
        assert medians[3] > medians[0] + 80


def test_a_mask_of_any_shape_holds_its_paint_outline_and_number() -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    ring = (x**2 + y**2 < 900) & (x**2 + y**2 > 225)
    arguments = (np.full((64, 64), 255), {"ring": ring})
    picture = region_map(*arguments, {"ring": (5.0, 5.0, True, True)})
    for panel in _panels((64, 64)):
        shown = picture[panel]
        inside = _enlarged(ring, shown)
        assert (shown[~inside] == 255).all()
        ink = is_colour(shown, INK)
        assert ink.sum() > 2 * np.pi * (30 + 15) * shown.shape[0] / 64
        dash = region_map(*arguments, {"ring": (np.nan, np.nan, False, False)})[panel]
        assert (dash[~inside] == 255).all()
        assert 0 < is_colour(dash, INK).sum() < 200


def test_the_stronger_of_two_overlapping_regions_is_on_top() -> None:
    whole = np.ones((8, 8), dtype=bool)
    part = np.zeros((8, 8), dtype=bool)
    part[2:4] = True
    for strong, weak in (("a", "b"), ("b", "a")):
        values = {strong: (9.0, 9.0, False, False), weak: (0.1, 0.1, False, False)}
        shown = region_map(np.full((8, 8), 255), {"a": whole, "b": part}, values)
        panel = shown[_panels((8, 8))[0]].astype(int)
        blue = (panel[..., 2] - panel[..., 0] > 80).mean()
        assert blue == pytest.approx(0.25 if strong == "b" else 1.0, abs=0.05)


@pytest.mark.parametrize("shape", [(28, 28), (32, 32), (32, 64), (64, 32), (128, 128)])
def test_panels_have_the_shape_of_the_image(shape: tuple[int, int]) -> None:
    picture = region_map(np.zeros(shape), {}, {})
    assert picture.shape[0] == 560 // max(shape) * shape[0] + 134
    for rows, columns in _panels(shape):
        assert (rows.stop - rows.start) * shape[1] == (columns.stop - columns.start) * shape[0]
    assert picture.shape[1] == 1230
    assert margin_is_white(picture)


def test_equal_values_give_equal_pixels() -> None:
    values = {"cell_0_1": (4.0, 2.0, True, False), "elsewhere": (9.0, 9.0, True, True)}
    first, second = (region_map(np.zeros((28, 28)), _cells(4, 28), values) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_values_are_those_of_one_mode_and_of_regions_only() -> None:
    ranking = pd.DataFrame(
        [
            ("cell_0_0", "remove", 5.0, -2.0, True, False),
            ("cell_0_0", "noise", 7.0, 3.0, True, True),
            ("contrast", "remove", 9.0, 9.0, True, True),
            ("cell_0_0+cell_0_1", "remove", 6.0, 6.0, True, True),
        ],
        columns=["features", "mode", "g_size", "d_size", "g_matters", "d_matters"],
    )
    regions = ["cell_0_0", "cell_0_1"]
    assert region_values(ranking, regions, "remove") == {"cell_0_0": (5.0, 2.0, True, False)}
    assert region_values(ranking, regions, "noise") == {"cell_0_0": (7.0, 3.0, True, True)}
    assert region_values(ranking, regions, "permute") == {}
