"""Interactions: signed bars in null sd, the strongest readout of each network."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, MUTED, WARM
from ganatomy.report.figures.interaction_chart import interaction_chart
from tests.unit.report.looking import is_colour, margin_is_white, runs

TITLES = {"g_fcd": "G: Fréchet distance", "g_recall": "G: recall", "d_shift": "D: change"}
NETWORKS = {"g_fcd": "generator", "g_recall": "generator", "d_shift": "discriminator"}
Rows = list[tuple[str, str, float, float]]  # features, readout, effect, t


def _tables(rows: Rows, scale: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    found = pd.DataFrame(rows, columns=["features", "readout", "effect", "t"])
    found["effect"] *= scale
    found = found.assign(
        mode="remove", low=found["effect"] - 0.1 * scale, high=found["effect"] + 0.1 * scale
    )
    summary = found.assign(variant=found["features"], null_sd=0.5 * scale)
    summary["effect"] = 3 * scale
    summary["network"] = summary["readout"].map(NETWORKS)
    return found.assign(stands_out=found["t"].abs() > 4), summary


def _draw(rows: Rows, scale: float = 1.0) -> NDArray[np.uint8]:
    return interaction_chart(*_tables(rows, scale), TITLES)


def _bars(picture: NDArray[np.uint8], colour: str) -> list[tuple[int, int]]:
    """Left and right end of each bar, from the top."""
    mask = is_colour(picture, colour)
    mask[:30] = False
    spans = [max(runs(row), key=lambda run: run[1] - run[0], default=(0, 0)) for row in mask]
    found = runs(np.array([right - left > 12 for left, right in spans]))
    return [spans[start + 4] for start, end in found if end - start > 12]


def test_equal_tables_give_equal_pixels() -> None:
    rows: Rows = [("a+b", "g_fcd", 1.0, 5.0)]
    np.testing.assert_array_equal(_draw(rows), _draw(rows))
    assert _draw(rows).dtype == np.uint8


def test_bars_have_sign_and_length_of_the_interaction() -> None:
    picture = _draw(
        [("a+b", "g_fcd", 2.0, 9.0), ("a+c", "g_fcd", -1.0, -5.0), ("a+b", "d_shift", 1.0, 6.0)]
    )
    (first, second), (of_d,) = _bars(picture, ACCENT), _bars(picture, WARM)
    assert second[1] == pytest.approx(first[0], abs=3)  # they leave zero on either side
    unit = second[1] - second[0]
    assert first[1] - first[0] == pytest.approx(2 * unit, abs=4)
    assert of_d[1] - of_d[0] == pytest.approx(unit, abs=4)  # both panels have one scale
    assert of_d[0] > picture.shape[1] / 2 > first[1]


def test_effects_are_in_null_sd() -> None:
    rows: Rows = [("a+b", "g_fcd", 2.0, 9.0), ("a+c", "d_shift", -1.0, -1.0)]
    np.testing.assert_array_equal(_draw(rows), _draw(rows, scale=1024.0))


def test_only_what_stands_out_is_coloured() -> None:
    picture = _draw([("a+b", "g_fcd", 2.0, 1.0), ("a+b", "d_shift", 2.0, 9.0)])
    assert _bars(picture, ACCENT) == []
    assert len(_bars(picture, MUTED)) == len(_bars(picture, WARM)) == 1


def test_the_readout_with_the_largest_t_is_shown() -> None:
    weak = ("a+b", "g_recall", 9.0, 2.0)
    strong = ("a+b", "g_fcd", -2.0, -9.0)
    np.testing.assert_array_equal(_draw([weak, strong]), _draw([strong]))


def test_what_cannot_be_judged_is_left_out() -> None:
    row = ("a+b", "g_fcd", 2.0, 9.0)
    np.testing.assert_array_equal(_draw([row, ("a+c", "g_fcd", 2.0, np.nan)]), _draw([row]))


def test_a_random_subset_of_the_same_features_does_not_count() -> None:
    found, summary = _tables([("a+b", "g_fcd", 2.0, 9.0)])
    subset = summary.assign(variant="subset_007", effect=99.0)
    np.testing.assert_array_equal(
        interaction_chart(found, summary, TITLES),
        interaction_chart(found, pd.concat([subset, summary]), TITLES),
    )


@pytest.mark.parametrize("count", [1, 5, 12])
def test_pairs_do_not_overlap_and_names_are_not_cut(count: int) -> None:
    rows: Rows = [
        (f"attribute_Wearing_Necktie_{k}+class_ankle-boot-of-a-long-name", "g_fcd", 2.0, 9.0)
        for k in range(count)
    ]
    picture = _draw(rows)
    assert len(_bars(picture, ACCENT)) == count
    assert picture.shape[0] > 60 * count
    assert margin_is_white(picture)


def test_wide_spans_are_logarithmic() -> None:
    picture = _draw([("a+b", "g_fcd", 200.0, 9.0), ("a+c", "g_fcd", 2.0, 8.0)])
    first, second = (right - left for left, right in _bars(picture, ACCENT))
    assert second / first == pytest.approx(np.arcsinh(4) / np.arcsinh(400), abs=0.02)


def test_nothing_measured_says_so() -> None:
    _, summary = _tables([("a+b", "g_fcd", 2.0, 9.0)])
    empty = pd.DataFrame(columns=_tables([("a+b", "g_fcd", 2.0, 9.0)])[0].columns)
    picture = interaction_chart(empty, summary, TITLES)
    assert _bars(picture, ACCENT) == _bars(picture, MUTED) == []
    assert (picture < 255).any()
