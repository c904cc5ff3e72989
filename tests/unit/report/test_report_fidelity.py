"""The chart of distances, and what is said of each."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.metrics.fidelity import INCEPTION_NAMES, NAMES
from ganatomy.metrics.sentences import beside_reals
from ganatomy.report.figures.canvas import ACCENT, MUTED
from ganatomy.report.figures.fidelity_chart import fidelity_chart
from ganatomy.report.glossary import term

COLUMNS = ["value", "low", "high", "floor", "floor_low", "floor_high"]


def _table(names: tuple[str, ...] = NAMES) -> pd.DataFrame:
    rows = [(0.5, 0.4, 0.6, 0.9, 0.85, 1.0)] * len(names)
    better = ["lower"] * 2 + ["higher"] * 4
    return pd.DataFrame(rows, columns=COLUMNS).assign(name=names, better=better)


def _where(picture: NDArray[np.uint8], colour: str) -> NDArray[np.int64]:
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return np.argwhere((picture == rgb).all(2))


def test_equal_tables_give_equal_pixels() -> None:
    first, second = fidelity_chart(_table()), fidelity_chart(_table())
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape[1] == 1230


@pytest.fixture(scope="module")
def before() -> NDArray[np.uint8]:
    """The chart of `_table`."""
    return fidelity_chart(_table())


@pytest.mark.parametrize(
    ("row", "column"), [*((row, "value") for row in range(6)), *((3, name) for name in COLUMNS)]
)
def test_every_number_shows_on_its_side(row: int, column: str, before: NDArray[np.uint8]) -> None:
    """Distances stand on the left and shares on the right; neither moves the other."""
    table = _table()
    table.loc[row, column] += -0.02 if column != "floor_low" else 0.05  # moves no axis' end
    changed = np.argwhere((fidelity_chart(table) != before).any(2))[:, 1]
    assert len(changed) > 0
    assert ((changed < before.shape[1] // 2) == (row < 2)).all()


def test_fakes_and_reals_stand_at_their_values() -> None:
    picture = fidelity_chart(_table())
    right = picture.shape[1] // 2
    legend = picture.shape[0] * 7 // 10
    of_fakes, of_reals = (
        where[(where[:, 1] > right) & (where[:, 0] < legend)]
        for where in (_where(picture, ACCENT), _where(picture, MUTED))
    )
    # 0.4 to 0.6 and 0.85 to 1.0 on one axis: the reals' end lies 0.6 / 0.2 times as far off
    width = np.ptp(of_fakes[:, 1])
    assert of_reals[:, 1].max() - of_fakes[:, 1].min() == pytest.approx(3 * width, rel=0.1)


def test_distances_below_zero_are_drawn() -> None:
    table = _table()
    table.loc[1, ["floor", "floor_low", "floor_high"]] = [-0.01, -0.03, 0.01]
    assert (fidelity_chart(table) != fidelity_chart(_table())).any()


def test_metrics_without_any_width_are_drawn() -> None:
    table = _table()
    table[COLUMNS] = 0.0
    assert fidelity_chart(table).shape == fidelity_chart(_table()).shape


def _row(better: str, fakes: tuple[float, ...], reals: tuple[float, ...]) -> dict[str, Any]:
    return {"name": "recall", **dict(zip(COLUMNS, (*fakes, *reals))), "better": better}


@pytest.mark.parametrize(
    ("better", "fakes", "reals", "said"),
    [
        ("lower", (3, 2, 4), (1.5, 1, 2), "no difference seen: one above 1.5 would show"),
        ("lower", (3, 2, 4), (1.5, 1, 1.6), "worse: at least 1.2 times the reals'"),
        ("lower", (4000, 3000, 5000), (1, 0, 2), "worse: at least 1,500 times the reals'"),
        ("lower", (3, 2, 4), (-0.5, -1, -0.1), "worse than reals"),
        ("lower", (3, 2, 4), (9, 8, 10), "better than reals among themselves"),
        ("higher", (0.5, 0.4, 0.6), (0.7, 0.6, 0.8), "cannot be told: only a difference above 0.2"),
        ("higher", (0.3, 0.2, 0.4), (0.9, 0.8, 1.0), "worse: at most 50 % of the reals'"),
        ("higher", (0.0, 0.0, 0.0), (0.8, 0.7, 0.9), "worse: none of what reals have"),
        ("higher", (1.5, 1.4, 1.6), (1.0, 0.9, 1.1), "better than reals among themselves"),
    ],
)
def test_intervals_decide_what_is_said(
    better: str, fakes: tuple[float, ...], reals: tuple[float, ...], said: str
) -> None:
    assert beside_reals(_row(better, fakes, reals)).startswith(said)


@pytest.mark.parametrize("name", [*NAMES, *INCEPTION_NAMES])
def test_every_metric_is_explained(name: str) -> None:
    known = term(name)
    assert known is not None
    assert len(known.meaning) > 20
