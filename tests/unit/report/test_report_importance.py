"""Ranked bars: as long as |t|, coloured where a feature stands out, beside the nulls' band."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from ganatomy.report.figures.canvas import ACCENT, BAND, MUTED, WARM
from ganatomy.report.figures.importance_bars import MOST_ROWS, importance_bars, null_band
from tests.unit.report.looking import changed_box, is_colour, margin_is_white, runs

TITLES = {"g_fcd": "G: Fréchet distance,\nevaluator features", "d_shift": "D: change"}


def _tables(
    lengths: list[tuple[float, float]], found: tuple[bool, bool] = (True, True)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    ranking = pd.DataFrame(
        [
            (f"attribute_{at}", at + 1, "g_fcd", g, "d_shift", d, *found)
            for at, (g, d) in enumerate(lengths)
        ],
        columns=[
            *("variant", "rank", "g_readout", "g_abs_t", "d_readout", "d_abs_t"),
            *("found_by_g", "found_by_d"),
        ],
    )
    summary = pd.DataFrame(
        [("g_fcd", "generator", 12.0, 1.0), ("d_shift", "discriminator", 12.0, 1.0)],
        columns=["readout", "network", "freedom", "t"],
    )
    return ranking, summary


def _bars(picture: NDArray[np.uint8], colour: str) -> list[int]:
    """Length of each bar of a colour in pixels, from the top."""
    mask = is_colour(picture, colour)
    mask[:30] = False  # the panel's title has the colour too
    longest = [max((end - start for start, end in runs(row)), default=0) for row in mask]
    found = runs(np.array(longest) > 4)
    return [longest[(start + end) // 2] for start, end in found if end - start > 12]


def test_equal_tables_give_equal_pixels() -> None:
    first, second = (importance_bars(*_tables([(9, 3), (4, 5)]), TITLES) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape[1:] == (1230, 3)


@pytest.mark.parametrize(
    ("lengths", "position"),
    [
        ([9.0, 6.0, 3.0], lambda t: t),
        ([20.0, 5.0, 1.0], lambda t: t),
        ([300.0, 30.0, 3.0], np.arcsinh),  # they span more than 30 times: logarithmic
        ([40.0, 8.0, 0.5], np.arcsinh),
    ],
)
def test_bars_are_as_long_as_t(lengths: list[float], position: np.ufunc) -> None:
    picture = importance_bars(*_tables([(t, t) for t in lengths]), TITLES)
    expected = position(np.array(lengths)) / position(lengths[0])
    for colour in (ACCENT, WARM):  # both panels have one scale
        drawn = np.array(_bars(picture, colour))
        np.testing.assert_allclose(drawn / drawn[0], expected, atol=0.02)


def test_both_networks_share_one_scale() -> None:
    picture = importance_bars(*_tables([(4, 8), (2, 1)]), TITLES)
    assert _bars(picture, WARM)[0] == pytest.approx(2 * _bars(picture, ACCENT)[0], abs=3)


def test_only_what_stands_out_is_coloured_and_g_is_left() -> None:
    picture = importance_bars(*_tables([(9, 8)] * 3, (True, False)), TITLES)
    left, right = np.array_split(picture, 2, axis=1)
    assert len(_bars(left, ACCENT)) == 3
    assert _bars(picture, WARM) == []
    assert len(_bars(right, MUTED)) == 3


def test_what_cannot_be_judged_has_no_bar() -> None:
    ranking, summary = _tables([(9, np.nan)] * 2, (True, False))
    picture = importance_bars(ranking.assign(d_readout=np.nan), summary, TITLES)
    assert len(_bars(picture, ACCENT)) == 2
    assert _bars(picture, WARM) == _bars(picture, MUTED) == []


def test_band_ends_where_a_null_may_reach() -> None:
    reach = null_band(12.0, 1)
    ranking, summary = _tables([(reach, 2 * reach)] * 2)
    picture = importance_bars(ranking, summary, TITLES)
    columns = np.flatnonzero(is_colour(picture, BAND).any(0))
    assert np.ptp(columns[columns < 615]) == pytest.approx(_bars(picture, ACCENT)[0], abs=3)
    summary["t"] = np.nan
    assert not is_colour(importance_bars(ranking, summary, TITLES), BAND).any()


@pytest.mark.parametrize("freedom", [3.0, 12.0])
def test_null_band_of_one_readout_is_a_quantile_of_t(freedom: float) -> None:
    assert null_band(freedom, 1) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


def test_null_band_holds_the_largest_of_several() -> None:
    draw = stats.t.rvs(12, size=(40_000, 8), random_state=0)
    inside = np.mean(np.abs(draw).max(1) <= null_band(12.0, 8))
    assert inside == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize("count", [5, 12, MOST_ROWS])
def test_bars_do_not_overlap(count: int) -> None:
    picture = importance_bars(*_tables([(9, 8)] * count), TITLES)
    assert len(_bars(picture, ACCENT)) == len(_bars(picture, WARM)) == count
    assert picture.shape[0] > 30 * count


def test_only_the_first_are_drawn_and_the_others_counted() -> None:
    lengths = [(90.0 - at, 8.0) for at in range(40)]
    pictures = [importance_bars(*_tables(lengths[:count]), TITLES) for count in (30, 39, 40)]
    assert [len(_bars(picture, ACCENT)) for picture in pictures] == [MOST_ROWS] * 3
    assert pictures[0].shape[0] + 20 < pictures[1].shape[0] == pictures[2].shape[0]
    _, columns, (height, width) = changed_box(pictures[1], pictures[2])
    assert columns.stop < 200  # "+9 more" and "+10 more", among the names
    assert height < 25
    assert width < 120


def test_rank_orders_the_bars() -> None:
    ranking, summary = _tables([(9, 8), (6, 5), (3, 2)])
    np.testing.assert_array_equal(
        importance_bars(ranking, summary, TITLES),
        importance_bars(ranking.iloc[[2, 0, 1]], summary, TITLES),
    )


@pytest.mark.parametrize("name", ["attribute_Wearing_Necktie-permute", "my.own.module:" + "W" * 30])
def test_long_names_are_not_cut_off(name: str) -> None:
    ranking, summary = _tables([(9, 8), (300, 5)])
    assert margin_is_white(importance_bars(ranking.assign(variant=name), summary, TITLES))


def test_nothing_to_rank_says_so() -> None:
    ranking, summary = _tables([(9, 8)])
    picture = importance_bars(ranking[:0], summary[:0], TITLES)
    assert _bars(picture, ACCENT) == []
    assert (picture < 255).any()
