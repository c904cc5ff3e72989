"""LIME's charts: what stands where, in which colour, and what is left out."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from ganatomy.report.figures.canvas import ACCENT, BAND, INK
from ganatomy.report.figures.colours import LOWERS as BLUE
from ganatomy.report.figures.colours import RAISES as RED
from ganatomy.report.figures.latent_chart import MOST_ROWS, latent_chart
from ganatomy.report.figures.r2_chart import r2_chart
from tests.unit.report.looking import is_colour, margin_is_white, runs

COLUMNS = ["name", "mean", "mean_abs", "low", "high", "noise"]
Row = tuple[str, float, float, float, float, float]
RAISES: Row = ("z0", 0.8, 1.0, 0.9, 1.1, 0.1)
LOWERS: Row = ("z1", -0.4, 0.5, 0.3, 0.7, 0.1)


def _table(*rows: Row) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def _panel(*rows: Row) -> NDArray[np.uint8]:
    """One target's chart, without its legend."""
    return latent_chart({"d_logit_of_g": _table(*rows)})[:-90]


def _length(picture: NDArray[np.uint8], colour: str) -> int:
    """Dots from the first to the last one of a colour."""
    across = np.argwhere(is_colour(picture, colour))[:, 1]
    return int(across.max() - across.min() + 1)


def test_equal_tables_give_equal_pixels_and_leave_no_setting() -> None:
    before = dict(mpl.rcParams)
    first, second = (latent_chart({"t": _table(RAISES, LOWERS)}) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert margin_is_white(first)
    assert dict(mpl.rcParams) == before


def test_a_bar_is_as_long_as_the_mean_and_its_colour_says_the_sign() -> None:
    picture = _panel(RAISES, LOWERS)
    assert _length(picture, RED) == pytest.approx(2 * _length(picture, BLUE), abs=6)
    raised, lowered = (np.argwhere(is_colour(picture, c))[:, 0] for c in (RED, BLUE))
    assert raised.max() < lowered.min()  # the strongest stands first
    swapped = _panel(("z0", -0.8, *RAISES[2:]), ("z1", 0.4, *LOWERS[2:]))
    assert _length(swapped, BLUE) == _length(picture, RED)


def test_the_line_is_as_long_as_the_interval() -> None:
    def line(low: float, high: float) -> int:
        picture = _panel(("a", 0.0, 1.0, low, high, 0.0), ("b", 0.0, 0.1, 0.0, 2.0, 0.0))
        dark = np.asarray(picture.max(2) < 60)
        longest = [max((b - a for a, b in runs(row)), default=0) for row in dark[:, 100:]]
        # the lower row's line is the longest of all and fixes the scale
        places = np.flatnonzero(np.array(longest) > 40)
        return int(longest[places[0]])

    assert line(0.5, 1.5) == pytest.approx(2 * line(0.75, 1.25), abs=4)


def test_noise_is_a_band_behind() -> None:
    shades = [
        is_colour(_panel(("a", 0.0, 1.0, 0.9, 1.1, noise)), BAND).sum() for noise in (0.2, 0.4)
    ]
    assert shades[1] == pytest.approx(2 * shades[0], rel=0.05)


def test_only_the_strongest_are_drawn_and_the_unexplained_are_not() -> None:
    rows = [(f"z{k}", 1.0 + k, 1.0 + k, 1.0 + k, 1.0 + k, 0.1) for k in range(MOST_ROWS + 4)]
    np.testing.assert_array_equal(_panel(*rows), _panel(*rows[4:]))
    broken = ("z99", np.nan, np.nan, np.nan, np.nan, np.nan)
    np.testing.assert_array_equal(_panel(broken, RAISES, LOWERS), _panel(RAISES, LOWERS))


def test_a_single_image_has_no_interval() -> None:
    picture = _panel(("z0", 0.8, 1.0, np.nan, np.nan, 0.1), LOWERS)
    assert is_colour(picture, RED).sum() > 500


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_each_target_has_its_panel(count: int) -> None:
    targets = {f"t{k}": _table(RAISES, LOWERS) for k in range(count)}
    for given, expected in ((targets, count), (targets | {"t0": _table()}, count - 1)):
        bars, _ = ndimage.label(is_colour(latent_chart(given)[:-90], RED))
        assert (np.bincount(bars.ravel())[1:] > 200).sum() == expected


def test_without_a_target_there_is_still_a_picture() -> None:
    assert latent_chart({}).ndim == 3


def _r2(*rows: tuple[str, float, float]) -> NDArray[np.uint8]:
    """The chart without its legend; the dots of one group at full strength are few."""
    return r2_chart(pd.DataFrame(rows, columns=["group", "r2", "held_out_r2"]))


def _place(picture: NDArray[np.uint8], raises: bool) -> tuple[float, float]:
    """Where the warm (or cold) dots are, below the legend: (across, up)."""
    warmth = picture[80:].astype(int)[..., 0] - picture[80:].astype(int)[..., 2]
    where = np.argwhere(warmth > 25 if raises else warmth < -25)
    return float(where[:, 1].mean()), -float(where[:, 0].mean())


def test_a_surrogate_stands_at_its_two_values() -> None:
    places = [
        _place(_r2(("real", r2, held), ("fake", 0.9, 0.9)), raises=False)
        for r2, held in ((0.2, 0.2), (0.6, 0.2), (0.2, 0.6))
    ]
    right, up = places[1][0] - places[0][0], places[2][1] - places[0][1]
    assert right > 100
    assert up > 80
    assert places[1][1] == pytest.approx(places[0][1], abs=1)
    assert places[2][0] == pytest.approx(places[0][0], abs=1)


def test_groups_have_their_colours_in_their_order() -> None:
    picture = _r2(("real", 0.2, 0.1), ("fake", 0.8, 0.7))
    assert _place(picture, raises=False)[0] < _place(picture, raises=True)[0]


def test_what_explains_nothing_stands_at_the_edge() -> None:
    far, farther = (_r2(("real", 0.3, held), ("fake", 0.5, 0.4)) for held in (-7.0, -900.0))
    np.testing.assert_array_equal(far[80:], farther[80:])
    assert _place(far, raises=False)[1] < _place(far, raises=True)[1] - 200


def test_nothing_fitted_says_so() -> None:
    for picture in (_r2(), _r2(("real", np.nan, np.nan))):
        assert not is_colour(picture, ACCENT).any()
        assert (picture < 200).any()
        assert not is_colour(picture, INK).any()
