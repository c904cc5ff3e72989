"""The sheet of D's and G's maps: warm where D looks, blue where G works."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.explain.maps.disagreement import disagreement
from ganatomy.report.figures.disagreement_sheet import disagreement_sheet
from tests.unit.report.looking import changed_box, margin_is_white


def _halves(count: int, size: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """D looks at the left half, G works in the right one."""
    of_d, of_g = torch.zeros(count, size, size), torch.zeros(count, size, size)
    of_d[..., : size // 2], of_g[..., size // 2 :] = 1, -1
    return of_d, of_g


def _draw(of_d: torch.Tensor, of_g: torch.Tensor, channels: int = 1) -> NDArray[np.uint8]:
    images = torch.full((len(of_d), channels, *of_d.shape[1:]), -1.0)
    notes = [f"image {k}" for k in range(len(of_d))]
    return disagreement_sheet(images, of_d, of_g, result=disagreement(of_d, of_g), notes=notes)


def _warmth(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Red minus blue, without the labels at the left."""
    inner = picture[:, 190:].astype(np.int64)
    return inner[..., 0] - inner[..., 2]


def test_equal_maps_give_equal_pixels() -> None:
    np.testing.assert_array_equal(_draw(*_halves(4)), _draw(*_halves(4)))


def test_warm_is_where_d_looks_and_blue_where_g_works() -> None:
    warmth = _warmth(_draw(*_halves(1)))
    warm, blue = warmth > 25, warmth < -25
    rows = np.flatnonzero((warm | blue).any(1))
    top, bottom = rows.min(), rows.max()
    third = (bottom - top) // 3
    d_row, g_row, both = (
        slice(top + k * third + third // 4, top + (k + 1) * third - third // 4) for k in range(3)
    )
    assert warm[d_row].any()
    assert not blue[d_row].any()
    assert blue[g_row].any()
    assert not warm[g_row].any()
    # in the third row both, D's at the left
    assert np.argwhere(warm[both])[:, 1].max() < np.argwhere(blue[both])[:, 1].min()


def test_where_both_agree_the_difference_is_pale() -> None:
    of_d, _ = _halves(2)
    apart, alike = (np.abs(_warmth(_draw(of_d, of_g))) > 25 for of_g in (_halves(2)[1], 3 * of_d))
    lower = slice(int(0.76 * apart.shape[0]), apart.shape[0])
    assert apart[lower].sum() > 5000
    assert not alike[lower].any()


def test_a_flat_map_of_one_image_changes_that_column_only() -> None:
    torch.manual_seed(0)
    of_d, of_g = torch.rand(6, 8, 8), torch.rand(6, 8, 8)
    flat = of_d.clone()
    flat[2] = 0
    of_d[2] = of_d[1]
    result = disagreement(of_d, of_g)
    images = torch.zeros(6, 1, 8, 8)
    before = disagreement_sheet(images, of_d, of_g, result=result)
    after = disagreement_sheet(images, flat, of_g, result=result)
    _, columns, (_, width) = changed_box(before, after)
    assert width < before.shape[1] / 5
    assert 0.3 < columns.start / before.shape[1] < 0.6


@pytest.mark.parametrize(("count", "channels"), [(1, 1), (3, 3), (8, 1)])
def test_every_number_of_images_fits(count: int, channels: int) -> None:
    picture = _draw(*_halves(count), channels)
    assert picture.dtype == np.uint8
    assert margin_is_white(picture)
    assert picture.shape[1] == pytest.approx(150 * (1.15 + 0.95 * max(3, count)), abs=2)


def test_maps_without_any_mass_are_drawn_all_the_same() -> None:
    zeros = torch.zeros(2, 8, 8)
    assert np.isfinite(_draw(zeros, zeros)).all()
