"""What directions do from step to step, and how early in the training they were there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import (
    ACCENT,
    INK,
    MUTED,
    NARROW_IN,
    WARM,
    canvas,
    is_narrow,
    pixels,
)
from ganatomy.report.figures.colours import HOLDS, UNREAL
from ganatomy.report.figures.labels import empty

_WIDTH_IN = 8.2
_COLOURS = (ACCENT, WARM, INK, HOLDS, UNREAL)
_MARKS = "osD^v"


def judged_chart(
    curves: pd.DataFrame, panels: dict[str, str], numbers: Sequence[int]
) -> NDArray[np.uint8]:
    """Draw what changes along each direction, a panel for each judge; random ones as a band.

    Parameters
    ----------
    curves : DataFrame
        Columns direction, judge, step, change, low, high; direction 0 stands for random ones.
    panels : dict of str to str
        Judges, and what stands over their panels.
    numbers : sequence of int
        The directions that are drawn.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    with _panels(len(panels)) as (figure, axes):
        for axis, (judge, title) in zip(axes, panels.items()):
            own = curves[curves["judge"] == judge]
            axis.set_title(title)
            axis.axhline(0, color=MUTED, lw=0.6)
            by_chance = own[own["direction"] == 0].sort_values("step")
            x, low, high = (by_chance[name].to_numpy(float) for name in ("step", "low", "high"))
            axis.fill_between(
                x, low, high, color=MUTED, alpha=0.35, lw=0, label="random directions"
            )
            for number in numbers:
                line = own[own["direction"] == number].sort_values("step")
                x, y, low, high = (
                    line[name].to_numpy(float) for name in ("step", "change", "low", "high")
                )
                axis.fill_between(x, low, high, color=_colour(number), alpha=0.12, lw=0)
                _line(axis, x, y, number)
            axis.set_xlabel("steps along the direction", fontsize=8, color=MUTED)
        _legend(figure, axes[0])
        return pixels(figure)


def history_chart(
    steps: pd.DataFrame, panels: dict[tuple[str, str], str], numbers: Sequence[int]
) -> NDArray[np.uint8]:
    """Draw how alike directions were at each step of the training, what is random beside it.

    Parameters
    ----------
    steps : DataFrame
        Columns place, direction, and those that are named in `panels`.
    panels : dict of (str, str) to str
        A column, that of random directions, and what stands over the panel.
    numbers : sequence of int
        The directions that are drawn.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        A panel without a figure says so.
    """
    shown = steps[steps["direction"].isin(numbers)].sort_values("place")
    with _panels(len(panels)) as (figure, axes):
        for axis, ((column, by_chance), title) in zip(axes, panels.items()):
            axis.set_title(title)
            if shown[column].notna().sum() == 0:
                empty(axis)
                continue
            chance = shown.groupby("place")[by_chance].mean()
            x, y = chance.index.to_numpy(float), chance.to_numpy(float)
            axis.plot(x, y, color=MUTED, ls="--", lw=1.2, label="random directions")
            for number in numbers:
                line = shown[shown["direction"] == number]
                _line(axis, line["place"].to_numpy(float), line[column].to_numpy(float), number)
            axis.set_ylim(-0.03 if shown[column].min() >= 0 else -1.03, 1.03)
            axis.locator_params(axis="x", nbins=5)
            axis.set_xlabel("step of the training", fontsize=8, color=MUTED)
        _legend(figure, axes[0])
        return pixels(figure)


@contextmanager
def _panels(count: int) -> Iterator[tuple[Figure, list[Axes]]]:
    rows, columns = (count, 1) if is_narrow() else (1, count)
    width = NARROW_IN if is_narrow() else _WIDTH_IN
    with canvas(width, 2.5 * rows + 0.5) as figure:
        yield figure, [*figure.subplots(rows, columns, squeeze=False).flat]


def _line(axis: Axes, x: NDArray[np.float64], y: NDArray[np.float64], number: int) -> None:
    mark = _MARKS[(number - 1) % len(_MARKS)]
    label = f"direction {number}"
    axis.plot(x, y, color=_colour(number), marker=mark, ms=3.5, lw=1.3, label=label)


def _colour(number: int) -> str:
    return _COLOURS[(number - 1) % len(_COLOURS)]


def _legend(figure: Figure, axis: Axes) -> None:
    handles, labels = axis.get_legend_handles_labels()
    columns = 2 if is_narrow() else 6
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=8)
