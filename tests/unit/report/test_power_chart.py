"""Agreement of smaller budgets: a panel for seeds and one for steps."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, WARM
from ganatomy.report.figures.power_chart import power_chart
from tests.unit.report.looking import changed_box, is_colour

COLUMNS = ["kind", "value", "rank_correlation", "low", "high", "same_top3"]
SEEDS = [("seeds", k, 0.9, 0.6, 1.0, 0.3) for k in (2.0, 3.0)]
SHARES = [("share", s, 0.5, np.nan, np.nan, 0.1) for s in (0.1, 0.5)]


def _draw(*rows: tuple[str, float, float, float, float, float]) -> NDArray[np.uint8]:
    return power_chart(pd.DataFrame(rows, columns=COLUMNS))


def _amounts(picture: NDArray[np.uint8], colour: str) -> tuple[int, int]:
    """Pixels of a colour in the left and in the right panel, without the legend."""
    mask = is_colour(picture, colour)[30:300]
    half = mask.shape[1] // 2
    return int(mask[:, :half].sum()), int(mask[:, half:].sum())


def test_equal_tables_give_equal_pixels() -> None:
    first, second = _draw(*SEEDS, *SHARES), _draw(*SEEDS, *SHARES)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (405, 1230, 3)


@pytest.mark.parametrize("colour", [ACCENT, WARM])
def test_each_kind_has_its_panel_and_may_be_missing(colour: str) -> None:
    left, right = _amounts(_draw(*SEEDS, *SHARES), colour)
    assert left > 100
    assert right > 100
    assert _amounts(_draw(*SEEDS), colour)[0] > 100
    assert _amounts(_draw(*SEEDS), colour)[1] == 0
    assert _amounts(_draw(*SHARES), colour)[0] == 0
    assert _amounts(_draw(*SHARES), colour)[1] > 100


def test_no_data_says_so() -> None:
    for picture in (_draw(), _draw(*((kind, 2.0, *[np.nan] * 4) for kind in ("seeds", "share")))):
        assert _amounts(picture, ACCENT) == (0, 0)
        assert (picture[100:250, :615] < 200).any()
        assert (picture[100:250, 615:] < 200).any()


@pytest.mark.parametrize(("column", "colour"), [("rank_correlation", ACCENT), ("same_top3", WARM)])
def test_values_stand_at_their_height(column: str, colour: str) -> None:
    heights = []
    for value in (0.2, 0.5, 0.8):
        table = pd.DataFrame(SHARES, columns=COLUMNS).assign(**{column: value})
        where = np.argwhere(is_colour(power_chart(table), colour)[30:300])
        heights.append(np.median(where[:, 0]))
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=2)
    assert heights[0] > heights[2] + 50


def test_the_band_is_as_high_as_the_interval() -> None:
    heights = []
    for low in (0.8, 0.6):
        picture = _draw(*[("seeds", k, 0.9, low, 1.0, np.nan) for k in (2.0, 3.0)])
        shade = is_colour(picture, "#d3e5ed")[30:300, 300]  # ACCENT, 18 % over white
        heights.append(int(shade.sum()))
    assert heights[1] == pytest.approx(2 * heights[0], abs=8)


def test_values_below_zero_are_drawn() -> None:
    picture = _draw(("seeds", 2.0, -0.5, -0.9, 0.1, 0.0), ("seeds", 3.0, -0.4, -0.9, 0.1, 0.0))
    assert _amounts(picture, ACCENT)[0] > 100


@pytest.mark.parametrize("seeds", [1.0, 2.0])  # of three seeds a half is one
def test_disjoint_halves_are_marked_among_the_seeds(seeds: float) -> None:
    halves = [("split_half", seeds, 0.4, 0.2, 0.6, 0.3)]
    before, after = _draw(*SEEDS, *SHARES), _draw(*SEEDS, *SHARES, *halves)
    rows, columns, _ = changed_box(before[30:280], after[30:280])
    assert is_colour(after[30:280], INK)[rows, columns].sum() > 30
    assert columns.stop < 615
