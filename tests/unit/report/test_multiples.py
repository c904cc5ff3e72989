"""Rows of images from retrained generators: every pixel a block, every row its own images."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.report.figures.small_multiples import multiples
from tests.unit.report.looking import runs


def _sheets(rows: int, count: int, channels: int = 1, size: int = 28) -> list:
    draw = torch.Generator().manual_seed(0)
    return [
        (
            "attribute_Wearing_Necktie",
            "every image's deviation from its own mean is halved, and more words than fit",
            torch.randint(0, 250, (count, channels, size, size), generator=draw, dtype=torch.uint8),
        )
        for _ in range(rows)
    ]


def _blocks(picture: NDArray[np.uint8], count: int) -> tuple[list, list]:
    """Rows and columns of pixels that hold images; these are nowhere white."""
    inked = (picture != 255).any(2)
    right = runs(inked.any(0))[-count:]
    rows = runs(inked[:, right[-1][0] : right[-1][1]].any(1))
    return rows, right


@pytest.mark.parametrize(
    ("rows", "count", "channels", "size"), [(1, 1, 1, 28), (6, 10, 1, 28), (3, 8, 3, 64)]
)
def test_images_are_enlarged_by_whole_pixels(
    rows: int, count: int, channels: int, size: int
) -> None:
    sheets = _sheets(rows, count, channels, size)
    picture = multiples(sheets)
    at_rows, at_columns = _blocks(picture, count)
    assert len(at_rows) == rows
    scale = (at_rows[0][1] - at_rows[0][0]) // size
    for (top, bottom), (_, _, images) in zip(at_rows, sheets):
        for (left, right), image in zip(at_columns, images):
            shown = image.expand(3, -1, -1).permute(1, 2, 0).numpy()
            np.testing.assert_array_equal(
                picture[top:bottom, left:right], np.kron(shown, np.ones((scale, scale, 1)))
            )


def test_the_first_row_stands_apart() -> None:
    at_rows, _ = _blocks(multiples(_sheets(4, 10)), 10)
    gaps = [after[0] - before[1] for before, after in pairwise(at_rows)]
    assert gaps[0] > gaps[1] == gaps[2]


@pytest.mark.parametrize("rows", [6, 13, 41])
@pytest.mark.parametrize("count", [8, 24])
def test_rows_do_not_overlap_and_labels_are_not_cut(rows: int, count: int) -> None:
    picture = multiples(_sheets(rows, count))
    at_rows, at_columns = _blocks(picture, count)
    assert len(at_rows) == rows
    labels = (picture[:, : at_columns[0][0]] != 255).any(2)
    lines = runs(labels.any(1))
    assert len(lines) >= rows  # a label of three lines may run into one
    assert not labels[:, :2].any()
    assert not labels[:2].any()
    assert not labels[-1].any()
    for top, bottom in at_rows:
        assert labels[top:bottom].any()


def test_a_label_too_wide_is_made_smaller() -> None:
    sheets = [("W" * 34, "", images) for *_, images in _sheets(2, 4)]
    assert (multiples(sheets)[:, :2] == 255).all()


def test_equal_images_give_equal_pixels() -> None:
    np.testing.assert_array_equal(multiples(_sheets(2, 4)), multiples(_sheets(2, 4)))


def test_many_images_get_smaller_blocks() -> None:
    few, many = (multiples(_sheets(1, count)) for count in (6, 24))
    assert few.shape[1] <= 1230
    assert many.shape[1] <= 1230
    heights = [np.ptp(_blocks(picture, count)[0][0]) for picture, count in ((few, 6), (many, 24))]
    assert heights == [4 * 28, 1 * 28]
