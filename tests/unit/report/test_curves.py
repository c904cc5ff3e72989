"""Training curves and class histograms as pixels."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK, MUTED, narrow
from ganatomy.report.figures.class_bars import class_bars, class_counts
from ganatomy.report.figures.colours import GENERATED
from ganatomy.report.figures.fidelity_chart import fidelity_chart
from ganatomy.report.figures.film_strip import film_strip
from ganatomy.report.figures.logits_chart import logits_chart
from ganatomy.report.figures.suspects_sheet import suspects_sheet
from ganatomy.report.figures.training_curves import training_curves

MEASURED = [
    "d_loss",
    "g_loss",
    "d_real_logit",
    "d_fake_logit",
    "d_accuracy_real",
    "d_accuracy_fake",
    "d_grad_norm",
    "g_grad_norm",
]
PROBED = ["fcd@500", "diversity", "d_accuracy_train", "d_accuracy_held_out"]
NAMES = [f"train/{name}" for name in MEASURED + PROBED]
PANELS = (
    dict(  # row, column
        zip(NAMES, [*[(0, 0)] * 2, *[(0, 1)] * 2, *[(0, 2)] * 2, *[(1, 0)] * 2, (1, 1), (1, 2)])
    )
    | dict.fromkeys(NAMES[-2:], (0, 2))
)


HEIGHT, LEGEND = 705, 75  # pixels: 4.7 inches at 150 dots each, and what lies below the panels


def _points(factor: float = 1.0) -> pd.DataFrame:
    rows = [
        (step, name, factor * (k % 4 + 1) / (step + 1))
        for k, name in enumerate(NAMES)
        for step in range(20)
    ]
    return pd.DataFrame(rows, columns=["step", "name", "value"])


@pytest.fixture(scope="module")
def whole() -> NDArray[np.uint8]:
    """All curves, no step marked."""
    return training_curves(_points())


def _panels(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> set[tuple[int, int]]:
    """Rows and columns of the panels in which two figures differ; the legend is none of them."""
    height, width = HEIGHT - LEGEND, first.shape[1]
    where = np.argwhere((first != second).any(2)[:height])
    return {(int(y * 2 // height), int(x * 3 // width)) for y, x in where}


def _where(picture: NDArray[np.uint8], colour: str) -> NDArray[np.int64]:
    return np.argwhere((picture == [int(colour[k : k + 2], 16) for k in (1, 3, 5)]).all(2))


def test_equal_points_give_equal_pixels(whole: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(training_curves(_points()), whole)
    assert whole.dtype == np.uint8
    assert whole.shape == (HEIGHT, 1230, 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_curve_shows_in_its_panel(name: str, whole: NDArray[np.uint8]) -> None:
    """Another point, within the range of the others, moves no axis."""
    points = _points()
    hit = (points["name"] == name) & (points["step"] == 10)
    moved = points.assign(value=points["value"].where(~hit, 0.6))
    assert _panels(whole, training_curves(moved)) == {PANELS[name]}


def test_other_curves_do_not_show(whole: NDArray[np.uint8]) -> None:
    extra = pd.DataFrame({"step": [1], "name": ["train/other"], "value": [99.0]})
    np.testing.assert_array_equal(training_curves(pd.concat([_points(), extra])), whole)


def test_the_published_step_is_marked_where_probes_are(whole: NDArray[np.uint8]) -> None:
    marked, other = (training_curves(_points(), step) for step in (5, 15))
    assert _panels(whole, marked) == _panels(marked, other) == {(1, 1), (1, 2)}

    def column(picture: NDArray[np.uint8]) -> float:
        """Of the line in the lower half of the panel of fcd, where no legend is."""
        height, width = picture.shape[:2]
        panel = picture[height // 2 : height * 8 // 10, width * 2 // 5 : width * 2 // 3]
        found = _where(panel, INK)[:, 1]
        columns, counts = np.unique(found, return_counts=True)
        return float(columns[counts.argmax()])  # letters are lower than a line

    assert column(other) - column(marked) > 100


def test_what_was_not_measured_is_said(whole: NDArray[np.uint8]) -> None:
    points = _points()
    name = "train/diversity"
    less = training_curves(points[points["name"] != name])
    nan = training_curves(points.assign(value=points["value"].where(points["name"] != name)))
    for drawn, said in ((less, True), (nan, True), (whole, False)):
        height, width = drawn.shape[:2]
        middle = drawn[height * 6 // 10 : height * 7 // 10, width * 4 // 5 : width * 9 // 10]
        assert (len(_where(middle, MUTED)) > 30) == said


def test_no_points_at_all_can_be_drawn() -> None:
    assert training_curves(_points().iloc[:0]).shape == (HEIGHT, 1230, 3)


def test_class_bars_are_shares() -> None:
    names = ["zero", "one", "two"]
    picture = class_bars(names, [10, 20, 30], [5, 5, 5])
    assert picture.shape == (375, 1230, 3)
    np.testing.assert_array_equal(picture, class_bars(names, [1, 2, 3], [200, 200, 200]))
    assert (picture != class_bars(names, [10, 20, 30], [5, 5, 6])).any()
    assert (picture != class_bars(names, [10, 20, 31], [5, 5, 5])).any()


def test_no_fakes_at_all_can_be_drawn() -> None:
    assert class_bars(["zero", "one"], [3, 4], [0, 0]).shape == (375, 1230, 3)


def test_a_classs_name_is_no_formula() -> None:
    plain, formula = (class_bars([name, "b"], [1, 2], [2, 1]) for name in ("xfracx", r"$\frac{$"))
    assert plain.shape == formula.shape


def test_no_legend_hides_a_point() -> None:
    """Points all over a panel are all seen, as many as without the names of the signs."""
    steps = np.arange(0, 2000, 100)
    grid = [(step, "train/fcd@500", value) for step in steps for value in np.geomspace(1, 100, 9)]
    picture = training_curves(pd.DataFrame(grid, columns=["step", "name", "value"]), 1000)
    panel = picture[HEIGHT // 2 : HEIGHT * 8 // 10, 1230 // 3 : 1230 * 2 // 3]
    where = _where(panel, GENERATED)
    spread = np.histogram2d(where[:, 0], where[:, 1], bins=(5, 8))[0]
    assert (spread > 0).all()


def test_counts_of_classes_fall_and_all_show() -> None:
    few, more = class_counts({"a": 1, "b": 9}), class_counts({"a": 2, "b": 9})
    np.testing.assert_array_equal(few, class_counts({"b": 9, "a": 1}))
    assert (few != more).any()


@pytest.mark.parametrize("count", [12, 41, 200])
def test_many_classes_can_be_drawn(count: int) -> None:
    names = [f"a class of a very long name {k}" for k in range(count)]
    assert class_bars(names, [1] * count, [2] * count).shape == (375, 1230, 3)


def test_charts_are_redrawn_for_a_narrow_screen() -> None:
    """Panels below each other, at a width at which their letters stay as large as on paper."""
    fidelity = pd.DataFrame(
        {
            "name": ["fcd", "coverage"],
            "better": ["lower", "higher"],
            **dict.fromkeys(("value", "low", "high", "floor", "floor_low", "floor_high"), 0.5),
        }
    )
    images = torch.zeros(8, 1, 8, 8, dtype=torch.uint8)
    sheet = np.zeros((40, 320, 3), dtype=np.uint8)
    draw: tuple[Callable[[], NDArray[np.uint8]], ...] = (
        lambda: training_curves(_points()),
        lambda: class_bars(["zero", "one"], [3, 4], [1, 2]),
        lambda: class_counts({"zero": 3, "one": 4}),
        lambda: fidelity_chart(fidelity),
        lambda: film_strip([sheet, sheet], ["step 0", "step 1"], 8),
        lambda: logits_chart({"train": torch.arange(9.0)}, {"train": images}, names={"train": "a"}),
        lambda: suspects_sheet(images, {"pixels": images}, range(8), ratios={"pixels": [1.0] * 8}),
    )
    for each in draw:
        wide = each()
        with narrow():
            small = each()
        assert small.shape[1] < 0.6 * wide.shape[1]
        assert small.shape[1] <= 600
