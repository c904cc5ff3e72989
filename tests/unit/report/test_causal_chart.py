"""The chart of the causal check: marks where the figures are, colours by what passes."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.causal_chart import causal_chart
from ganatomy.report.figures.colours import FAILS, HOLDS, UNDECIDED
from tests.unit.report.looking import is_colour, margin_is_white


def _table(falls: list[tuple[str, float, float, bool]]) -> pd.DataFrame:
    rows = [
        (layer, 0.25, 4, 16, top, chance, -0.1, top - chance - 0.1, top - chance + 0.1, passes)
        for layer, top, chance, passes in falls
    ]
    names = "layer share k num_channels drop_top drop_random drop_bottom low high passes"
    return pd.DataFrame(rows, columns=names.split())


def _lines(picture: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    """Pixels of one colour, without the legend at the bottom."""
    return is_colour(picture, colour)[: picture.shape[0] - 70]


def test_equal_tables_give_equal_pixels() -> None:
    table = _table([("a", 2, 0.5, True), ("b", 1, 0.9, False)])
    first, second = causal_chart(table), causal_chart(table)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape[1:] == (1230, 3)


def test_colour_says_what_passes_and_layers_stand_in_the_order_of_the_table() -> None:
    picture = causal_chart(_table([("z", 2, 0.5, True), ("a", 1, 0.9, False)]))
    passing, failing = (np.argwhere(_lines(picture, colour)) for colour in (HOLDS, UNDECIDED))
    assert len(passing) > 100
    assert len(failing) > 50
    assert passing[:, 0].max() < failing[:, 0].min()
    none = causal_chart(_table([("z", 2, 0.5, False), ("a", 1, 0.9, False)]))
    assert not _lines(none, HOLDS).any()


def test_channels_that_count_clearly_less_have_a_colour_of_their_own() -> None:
    picture = causal_chart(_table([("a", 0.2, 1.5, False), ("b", 0.9, 0.85, False)]))
    wrong, unseen = (np.argwhere(_lines(picture, colour)) for colour in (FAILS, UNDECIDED))
    assert len(wrong) > 100
    assert wrong[:, 0].max() < unseen[:, 0].max()
    assert not _lines(picture, HOLDS).any()
    assert not _lines(causal_chart(_table([("b", 0.9, 0.85, False)])), FAILS).any()


def test_the_line_runs_from_random_to_top() -> None:
    """Two lines with ends at known places: their lengths are as the falls'."""

    def length(picture: NDArray[np.uint8], row_is_upper: bool) -> int:
        lines = _lines(picture, HOLDS)
        rows = np.flatnonzero(lines.any(1))
        cut = rows[np.argmax(np.diff(rows))] + 1
        part = lines[:cut] if row_is_upper else lines[cut:]
        columns = np.flatnonzero(part.any(0))
        return int(columns.max() - columns.min())

    picture = causal_chart(_table([("a", 3.0, 0.0, True), ("b", 2.0, 1.0, True)]))
    assert length(picture, True) / length(picture, False) == pytest.approx(3, rel=0.08)


def test_an_interval_that_is_not_known_is_not_drawn() -> None:
    table = _table([("a", 1.0, 0.5, True)])
    known = causal_chart(table.assign(low=-0.5, high=1.4))
    unknown = causal_chart(table.assign(low=np.nan, high=np.nan))
    assert (unknown != 255).any(2).sum() > 1000

    def tint(picture: NDArray[np.uint8]) -> int:
        """Pixels of a pale green, as the bar of an interval has."""
        middle = picture[: picture.shape[0] - 70].astype(int)
        return int(((middle[..., 1] - middle[..., 0] > 12) & (middle[..., 0] > 150)).sum())

    assert tint(known) > 1000 > 100 > tint(unknown)


@pytest.mark.parametrize("count", [1, 8])
def test_height_grows_with_layers_and_long_names_fit(count: int) -> None:
    name = "generator.blocks.a_long_name_of_a_layer." * 5
    table = pd.concat(
        [_table([(f"{name}{k}", 1, 0.5, True)] * 3) for k in range(count)], ignore_index=True
    )
    picture = causal_chart(table, "class(a rather long name of a class)")
    assert 130 * count < picture.shape[0] < 150 * count + 450
    assert margin_is_white(picture)


def test_no_row_says_so() -> None:
    assert (causal_chart(_table([])) < 255).any()
