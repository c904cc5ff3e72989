"""Differences in units of noise: dots at their place, a band one unit wide, colour where found."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, BAND, MUTED
from ganatomy.report.figures.difference_chart import difference_chart
from tests.unit.report.looking import is_colour, margin_is_white, runs


def _picture(*rows: tuple[float, float, bool]) -> NDArray[np.uint8]:
    """Each with its difference, its noise, and whether it was found; intervals of no width."""
    table = pd.DataFrame(
        [
            (f"g_{k}", value, value, value, noise, found)
            for k, (value, noise, found) in enumerate(rows)
        ],
        columns=["readout", "towards", "low", "high", "noise", "found"],
    )
    return difference_chart(table, {}, names=("old", "new"), unit="noise")


def _dots(picture: NDArray[np.uint8], colour: str) -> list[float]:
    """Middle column of each dot of a colour, from the top."""
    mask = is_colour(picture, colour)
    rows = runs(mask.sum(1) > 6)
    return [float(np.argwhere(mask[a:b])[:, 1].mean()) for a, b in rows if 6 < b - a < 30]


def _band(picture: NDArray[np.uint8]) -> tuple[int, int]:
    columns = np.argwhere(is_colour(picture, BAND).sum(0) > 30)[:, 0]
    return int(columns.min()), int(columns.max())


def test_dots_stand_in_units_of_their_own_noise() -> None:
    picture = _picture((2.0, 1.0, True), (-40.0, 20.0, True), (0.5, 1.0, True))
    left, right = _band(picture)
    middle, unit = (left + right) / 2, (right - left) / 2
    places = (np.array(_dots(picture, ACCENT)) - middle) / unit
    np.testing.assert_allclose(places, [2, -2, 0.5], atol=0.06)
    assert margin_is_white(picture)


def test_what_was_not_found_is_grey() -> None:
    picture = _picture((2.0, 1.0, True), (0.5, 1.0, False))
    assert len(_dots(picture, ACCENT)) == 1
    assert len(_dots(picture[:-85], MUTED)) == 1  # below are words of that colour


def test_without_noise_there_is_nothing_to_draw() -> None:
    picture = _picture((1.0, float("nan"), False), (1.0, 0.0, False))
    assert _dots(picture, ACCENT) == []
    assert (picture < 200).any()
