"""Ranks of regions by method: over the image, in a table, and how far they are apart."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, WARM
from ganatomy.report.figures.region_ranks import agreement_picture
from tests.unit.report.looking import changed_box, is_colour, runs

SIZE = 16


def _regions(count: int) -> dict[str, NDArray[np.bool_]]:
    regions = {}
    for at in range(count):
        row, column = divmod(at, 4)
        regions[f"cell_{row}_{column}"] = mask = np.zeros((SIZE, SIZE), dtype=bool)
        mask[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = True
    return regions


def _draw(ranks: dict[str, list[float]], **options: int) -> NDArray[np.uint8]:
    regions = _regions(len(next(iter(ranks.values()))))
    mean = np.full((1, SIZE, SIZE), 120.0)
    return agreement_picture(mean, regions, pd.DataFrame(ranks, index=list(regions)), **options)


def _strong(picture: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Lengths of the strong bars at the right."""
    strong = is_colour(picture, WARM)
    table = strong[:, 300:]  # without the regions' names
    rows = [run for run in runs(table.sum(1) > 15) if run[1] - run[0] > 15]
    return [(int(table[(a + b) // 2].sum()), b - a) for a, b in rows]


def test_equal_tables_give_equal_pixels() -> None:
    ranks = {"retraining": [1, 2, 3.0], "LIME": [3, 2, 1.0]}
    first, second = _draw(ranks), _draw(ranks)
    np.testing.assert_array_equal(first, second)
    assert first.shape[1:] == (1230, 3)


@pytest.mark.parametrize("num_methods", [1, 2, 9])
@pytest.mark.parametrize("num_regions", [1, 3, 16])
def test_any_number_fits(num_methods: int, num_regions: int) -> None:
    order = [float(at + 1) for at in range(num_regions)]
    names = [f"{at} Grad-CAM++ discriminator.layers.10.convolution" for at in range(num_methods)]
    picture = _draw(dict.fromkeys(names, order))
    assert all((edge == 255).all() for edge in (picture[:, -1], picture[:, 0], picture[0]))
    assert is_colour(picture, ACCENT).sum() > 500  # the first place of each method
    assert not _strong(picture)  # all agree


def test_the_first_place_is_dark_in_its_column_alone() -> None:
    """Moving a method's first place moves the full colour, in that column only."""
    same = _draw({"retraining": [1, 2, 3, 4.0], "LIME": [1, 2, 3, 4.0]})
    other = _draw({"retraining": [1, 2, 3, 4.0], "LIME": [4, 2, 3, 1.0]})
    dark = [is_colour(picture, ACCENT) for picture in (same, other)]
    boxes = [np.argwhere(each).min(0).tolist() + np.argwhere(each).max(0).tolist() for each in dark]
    assert boxes[0][1] == boxes[1][1]  # from the same column
    assert boxes[1][2] > boxes[0][2] + 2 * 30  # down to the last row
    first_column = slice(None, (boxes[0][1] + boxes[0][3]) // 2)
    np.testing.assert_array_equal(dark[0][:, first_column], dark[1][:, first_column])


def test_the_map_shows_where_the_ranks_are() -> None:
    """What changes over the image when two ranks are exchanged lies in those two regions."""
    one = _draw({"LIME": [1, 2, 3, 4.0]})
    two = _draw({"LIME": [2, 1, 3, 4.0]})
    top = np.flatnonzero(is_colour(one, ACCENT).sum(1) > 100)[0] - 5  # above the table
    _, columns, size = changed_box(one[:top], two[:top])
    width = size[1] / 2
    assert size[0] == pytest.approx(width, abs=3)  # one row of two square cells
    grey = (one[:top] == 120).all(2)
    image = np.flatnonzero(grey.sum(0) > 50)
    assert columns.start == pytest.approx(image.min(), abs=2)
    assert width * 4 == pytest.approx(image.max() - image.min(), abs=6)


def test_the_largest_disagreement_is_marked() -> None:
    picture = _draw({"retraining": [1, 2, 3, 4.0], "LIME": [1, 2, 4, 3.0]})
    ends = _strong(picture)
    assert len(ends) == 2  # two regions are one rank apart
    far = _strong(_draw({"retraining": [1, 2, 3, 4.0], "LIME": [4, 2, 3, 1.0]}))
    assert len(far) == 2
    near = ends[0][0]
    assert 2 * near < far[0][0] <= 3.6 * near  # three ranks, in the same scale; the number too


def test_many_regions_leave_the_most_disputed() -> None:
    ranks = {"a": [float(at + 1) for at in range(16)], "b": [*range(2, 17), 1.0]}
    whole, part = _draw(ranks), _draw(ranks, most_rows=4)
    assert part.shape[0] < whole.shape[0] - 300
    assert len(_strong(part)) == 1  # the last of a is the first of b
    assert _strong(part) == _strong(whole)


def test_nothing_to_compare_says_so() -> None:
    picture = agreement_picture(np.zeros((4, 4)), {}, pd.DataFrame(columns=["a", "b"]))
    assert (picture < 200).any()
