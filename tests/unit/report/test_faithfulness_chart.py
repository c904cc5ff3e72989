"""Charts of faithfulness: what was measured stands where it belongs, and gaps are named."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, WARM
from ganatomy.report.figures.control_chart import control_chart
from ganatomy.report.figures.randomisation_chart import randomisation_chart
from ganatomy.report.figures.removal_chart import removal_chart
from tests.unit.report.looking import is_colour

LONG = "Grad-CAM++ discriminator.layers.10.convolution.weight"
Picture = NDArray[np.uint8]


def _curves(methods: list[str], value: float = 1.0) -> pd.DataFrame:
    rows = [
        (method, line, kind, share, level, level - 0.1, level + 0.1)
        for method in methods
        for line, level in (("map", value), ("random", 0.0), ("edge", 3.0))
        for kind in ("deletion", "insertion")
        for share in (0.0, 0.5, 1.0)
    ]
    return pd.DataFrame(rows, columns=["method", "line", "kind", "share", "mean", "low", "high"])


def _measures(methods: list[str], low: float = 1.0, high: float = 3.0) -> pd.DataFrame:
    rows = [
        (method, measure, "edge", (low + high) / 2, low, high)
        for method in methods
        for measure in ("insertion_deletion", "road_noisy_linear", "road_blur")
    ]
    return pd.DataFrame(rows, columns=["method", "measure", "against", "value", "low", "high"])


def _cascade(methods: list[str], last: float = 0.0, absolute: float = 0.5) -> pd.DataFrame:
    rows = [
        (step, f"d.layers.{4 - step}", method, value, value - 0.05, value + 0.05, absolute)
        for method in methods
        for step, value in ((1, 0.6), (2, 0.2), (3, last))
    ]
    return pd.DataFrame(
        rows, columns=["step", "layer", "method", "correlation", "low", "high", "absolute"]
    )


CHARTS: list[tuple[Callable[[pd.DataFrame], Picture], Callable[[list[str]], pd.DataFrame]]] = [
    (removal_chart, _curves),
    (control_chart, _measures),
    (randomisation_chart, _cascade),
]


@pytest.mark.parametrize(("chart", "table"), CHARTS)
def test_equal_tables_give_equal_pixels(
    chart: Callable[[pd.DataFrame], Picture], table: Callable[[list[str]], pd.DataFrame]
) -> None:
    first, second = (chart(table(["LIME", LONG])) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape[1:] == (1230, 3)
    assert first.dtype == np.uint8


@pytest.mark.parametrize(("chart", "table"), CHARTS)
def test_many_methods_with_long_names_fit(
    chart: Callable[[pd.DataFrame], Picture], table: Callable[[list[str]], pd.DataFrame]
) -> None:
    picture = chart(table([f"{at} {LONG}" for at in range(9)]))
    assert 500 < picture.shape[0] < 1500
    assert (picture[:, -1] == 255).all()  # nothing runs out at the right


@pytest.mark.parametrize(("chart", "table"), CHARTS)
def test_no_data_says_so(
    chart: Callable[[pd.DataFrame], Picture], table: Callable[[list[str]], pd.DataFrame]
) -> None:
    picture = chart(table([]))
    assert (picture[60:-60, 400:830] < 200).any()  # the words
    assert is_colour(picture, ACCENT)[60:].sum() == 0


def test_curves_stand_at_their_height() -> None:
    heights = []
    for value in (1.0, 1.5, 2.0):
        picture = removal_chart(_curves(["LIME"], value))
        heights.append(float(np.median(np.argwhere(is_colour(picture, ACCENT)[60:])[:, 0])))
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=2)
    assert heights[0] > heights[2] + 20


def test_both_kinds_have_their_panel() -> None:
    table = _curves(["LIME"])
    both = is_colour(removal_chart(table), ACCENT)[60:]
    assert (both[:, :615].sum(), both[:, 615:].sum()) > (100, 100)
    without = removal_chart(table[table["kind"] == "deletion"])
    assert is_colour(without, ACCENT)[60:, 700:].sum() == 0


def _interval(low: float, high: float) -> tuple[int, int, int, Picture]:
    """Where zero and the ends of an interval are, and the row of pixels that it is in."""
    picture = control_chart(_measures(["LIME"], low, high).head(1))[60:]
    zero = int((picture.mean(2) < 120).sum(0).argmax())  # the only upright line
    row = picture[int(is_colour(picture, WARM).sum(1).argmax())]
    line = np.flatnonzero(is_colour(row[None], WARM))
    return zero, int(line.min()), int(line.max()), row


def test_intervals_lie_beside_zero() -> None:
    """Those of 1 to 3 end a third of the way from it."""
    zero, start, end, _ = _interval(1.0, 3.0)
    assert start > zero
    assert end - zero == pytest.approx(3 * (start - zero), abs=6)
    zero, start, end, _ = _interval(-3.0, -1.0)
    assert end < zero
    assert zero - start == pytest.approx(3 * (zero - end), abs=6)


def test_marks_are_filled_only_where_zero_is_outside() -> None:
    for low, filled in ((1.0, True), (-1.0, False)):
        _, start, end, row = _interval(low, 3.0)
        middle = row[(start + end) // 2]
        assert bool((middle > 240).all()) is not filled
        assert bool(is_colour(middle[None, None], WARM).item()) is filled


def test_a_method_that_was_not_measured_is_named() -> None:
    table = _measures(["LIME", "occlusion"])
    table.loc[table["method"] == "occlusion", ["value", "low", "high"]] = np.nan
    without = is_colour(control_chart(table), WARM)[60:].sum()
    both = is_colour(control_chart(_measures(["LIME", "occlusion"])), WARM)[60:].sum()
    assert without == pytest.approx(both / 2, rel=0.1)


def test_rows_without_a_control_are_not_drawn() -> None:
    table = _measures(["LIME"])
    other = pd.DataFrame([("LIME", "sensitivity", "", 0.1, np.nan, np.nan)], columns=table.columns)
    np.testing.assert_array_equal(control_chart(pd.concat([table, other])), control_chart(table))


def test_correlations_stand_at_their_height() -> None:
    ends = []
    for last in (0.0, 0.25, 0.5):
        marks = is_colour(randomisation_chart(_cascade(["LIME"], last)), ACCENT)[60:]
        column = int(np.flatnonzero(marks.any(0)).max()) - 2
        ends.append(float(np.median(np.flatnonzero(marks[:, column]))))
    assert ends[0] - ends[1] == pytest.approx(ends[1] - ends[2], abs=2)
    assert ends[0] > ends[2] + 20


def test_the_magnitude_has_its_own_line() -> None:
    above, below = (
        np.median(
            np.argwhere(
                is_colour(randomisation_chart(_cascade(["LIME"], 0, value)), WARM)[60:, 900:]
            )[:, 0]
        )
        for value in (0.9, 0.1)
    )
    assert below > above + 50


def test_other_methods_are_drawn_behind() -> None:
    pictures = []
    for last in (0.0, 0.9):
        table = pd.concat([_cascade(["LIME"]), _cascade(["occlusion"], last)])
        pictures.append(randomisation_chart(table)[60:, :615])  # LIME's panel
    assert (pictures[0] != pictures[1]).any()
    assert is_colour(pictures[0], ACCENT).sum() == is_colour(pictures[1], ACCENT).sum()
