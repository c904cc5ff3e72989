"""Ranked bars: as long as the change, coloured where it matters, beside what was changed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, BAND, WARM, narrow
from ganatomy.report.figures.importance_bars import MOST_ROWS, Change, certainty, importance_bars
from tests.unit.report.looking import changed_box, is_colour, margin_is_white, runs

RED = "#ff0000"


def _ranking(sizes: list[tuple[float, float]], matters: tuple[bool, bool] = (True, True)) -> Any:
    rows = []
    for at, (g, d) in enumerate(sizes):
        row: dict[str, Any] = {"variant": f"attribute_{at}", "rank": at + 1}
        for letter, size, out in (("g", g, matters[0]), ("d", d, matters[1])):
            readout = {"g": "g_frd", "d": "d_contrast"}[letter]
            about: dict[str, Any] = {
                "readout": readout,
                "size": size,
                "low": size,
                "high": size,
                "abs_t": 9.0,
            }
            about |= {"stands_out": out, "matters": out}
            row |= {f"{letter}_{name}": value for name, value in about.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _bars(picture: NDArray[np.uint8], colour: str) -> list[int]:
    """Length of each bar of a colour in pixels, from the top."""
    mask = is_colour(picture, colour)
    mask[:40] = False  # the panel's title has the colour too
    longest = [max((end - start for start, end in runs(row)), default=0) for row in mask]
    found = runs(np.array(longest) > 4)
    return [max(longest[start:end]) for start, end in found if end - start > 12]


def test_equal_tables_give_equal_pixels() -> None:
    first, second = (importance_bars(_ranking([(9, 3), (4, 5)]), {}, 0.1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape[1:] == (1230, 3)


@pytest.mark.parametrize(
    ("sizes", "position"),
    [
        ([9.0, 6.0, 3.0], lambda size: size),
        ([9.0, -6.0, 3.0], np.abs),  # closer to the data: as long, and said beside
        ([300.0, 30.0, 3.0], np.arcsinh),  # they span more than 30 times: logarithmic
    ],
)
def test_bars_are_as_long_as_the_change(sizes: list[float], position: np.ufunc) -> None:
    picture = importance_bars(_ranking([(size, size) for size in sizes]), {}, 0.1)
    expected = position(np.array(sizes)) / position(sizes[0])
    for colour in (ACCENT, WARM):  # both panels have one scale
        drawn = np.array(_bars(picture, colour))
        np.testing.assert_allclose(drawn / drawn[0], expected, atol=0.03)


def test_only_what_matters_is_coloured_and_g_is_left() -> None:
    picture = importance_bars(_ranking([(9, 8)] * 3, (True, False)), {}, 0.1)
    left, right = picture[:, :790], picture[:, 790:]
    assert len(_bars(left, ACCENT)) == 3
    assert _bars(picture, WARM) == []
    assert len(_bars(right, BAND)) == 3


def test_the_interval_is_drawn_from_its_low_to_its_high_end() -> None:
    narrow, wide = (
        importance_bars(_ranking([(9, 8)] * 2).assign(g_low=low, g_high=high), {}, 0.1)
        for low, high in ((9.0, 9.0), (6.0, 9.0))
    )
    _, _, (_, width) = changed_box(narrow, wide)
    bar = _bars(narrow, ACCENT)[0]
    assert width == pytest.approx(bar * 3 / 9, abs=5)


def test_what_cannot_be_judged_has_no_bar() -> None:
    picture = importance_bars(_ranking([(9, np.nan)] * 2, (True, False)), {}, 0.1)
    assert len(_bars(picture, ACCENT)) == 2
    assert _bars(picture, WARM) == []
    assert _bars(picture[:, 790:], BAND) == []


def test_the_images_before_and_after_stand_at_their_feature() -> None:
    grey, red = np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    changes = {"attribute_1": Change("slant", "by 7 of 255", grey, red)}
    plain = importance_bars(_ranking([(9, 8)] * 3), {}, 0.1)
    assert not is_colour(plain, RED).any()
    picture = importance_bars(_ranking([(9, 8)] * 3), changes, 0.1)
    where = np.argwhere(is_colour(picture, RED))
    middle, bars = where[:, 0].mean(), np.flatnonzero(is_colour(picture, ACCENT)[60:, 500]) + 60
    assert middle == pytest.approx((bars.min() + bars.max()) / 2, abs=4)  # the second of three
    assert where[:, 1].max() < 400


def test_it_is_said_why_a_change_does_not_matter() -> None:
    rows = {
        "|t| 247": {"g_abs_t": 246.8, "g_stands_out": True, "g_matters": True},
        "|t| 12, sure but small": {"g_abs_t": 12.3, "g_stands_out": True, "g_matters": False},
        "|t| 0.72, not found": {"g_abs_t": 0.718, "g_stands_out": False, "g_matters": False},
    }
    assert {said: certainty(row, "g") for said, row in rows.items()} == {key: key for key in rows}


@pytest.mark.parametrize("count", [5, 12, MOST_ROWS])
def test_bars_do_not_overlap(count: int) -> None:
    picture = importance_bars(_ranking([(9, 8)] * count), {}, 0.1)
    assert len(_bars(picture, ACCENT)) == len(_bars(picture, WARM)) == count


def test_only_the_first_are_drawn_and_the_others_counted() -> None:
    sizes = [(90.0 - at, 8.0) for at in range(40)]
    pictures = [importance_bars(_ranking(sizes[:count]), {}, 0.1) for count in (30, 39, 40)]
    assert [len(_bars(picture, ACCENT)) for picture in pictures] == [MOST_ROWS] * 3
    assert pictures[0].shape[0] + 20 < pictures[1].shape[0] == pictures[2].shape[0]
    _, _, (height, width) = changed_box(pictures[1], pictures[2])
    assert height < 25  # "and 9 more", "and 10 more"
    assert width < 120


def test_rank_orders_the_bars() -> None:
    ranking = _ranking([(9, 8), (6, 5), (3, 2)])
    np.testing.assert_array_equal(
        importance_bars(ranking, {}, 0.1), importance_bars(ranking.iloc[[2, 0, 1]], {}, 0.1)
    )


@pytest.mark.parametrize("name", ["attribute_Wearing_Necktie-permute", "my.own.module:" + "W" * 30])
def test_long_names_are_not_cut_off(name: str) -> None:
    changes = {"attribute_0": Change(name, f"{name}: by 7.5 of 255")}
    picture = importance_bars(_ranking([(9, 8), (300, 5)]), changes, 0.1)
    assert margin_is_white(picture)


def test_nothing_to_rank_says_so() -> None:
    picture = importance_bars(_ranking([(9, 8)])[:0], {}, 0.1)
    assert _bars(picture, ACCENT) == []
    assert (picture < 255).any()


def test_on_a_narrow_screen_the_panels_stand_below_one_another() -> None:
    ranking = _ranking([(9, 6), (6, 4), (3, 2)])
    with narrow():
        picture = importance_bars(ranking, {}, 0.1)
    assert picture.shape[1] == 510
    g, d = (is_colour(picture, colour).any(1) for colour in (ACCENT, WARM))
    assert np.flatnonzero(g).max() < np.flatnonzero(d).min()
    bars = [_bars(picture, colour) for colour in (ACCENT, WARM)]
    np.testing.assert_allclose(np.array(bars[0]) / bars[0][0], [1, 2 / 3, 1 / 3], atol=0.02)
    assert bars[1][0] / bars[0][0] == pytest.approx(6 / 9, abs=0.02)


@pytest.mark.parametrize("sizes", [[], [(9.0, 8.0)], [(9.0, np.nan)] * 40])
def test_whatever_is_ranked_fits_a_narrow_screen(sizes: list[tuple[float, float]]) -> None:
    changes = {"attribute_0": Change("attribute of a name that is much too long", "by 1 of 255")}
    with narrow():
        picture = importance_bars(_ranking(sizes or [(1, 1)])[: len(sizes)], changes, 0.1)
    assert margin_is_white(picture)
