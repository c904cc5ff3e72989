"""What removing pixels in the order of a map does, beside its controls."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import empty, nothing, shortened

_WIDTH_IN = 8.2
_LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "map": ("the map", {"color": ACCENT, "lw": 1.8, "zorder": 4}),
    "random": ("random map", {"color": MUTED, "lw": 1.4, "ls": (0, (1, 1.2))}),
    "edge": ("edge detector", {"color": WARM, "lw": 1.2, "ls": (0, (4, 1.5))}),
    "other": ("its map of another image", {"color": INK, "lw": 0.9, "ls": (0, (6, 1.5, 1, 1.5))}),
}
_KINDS = ("deletion", "insertion")


def removal_chart(curves: pd.DataFrame, unit: str = "logit") -> NDArray[np.uint8]:
    """Draw deletion and insertion of each method beside its controls, a pair of panels for each.

    Parameters
    ----------
    curves : DataFrame
        Columns method, line (``map``, ``random``, ``edge``, ``other``), kind (``deletion``,
        ``insertion``), share (of the pixels), mean, low, high. Bands are drawn for the map and for
        the random one. What is not finite leaves a gap.
    unit : str
        Of the target, for the axis.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of methods; all panels share one scale.
    """
    methods = list(dict.fromkeys(curves["method"]))
    side_by_side = min(2, max(1, len(methods)))
    rows = max(1, -(-len(methods) // side_by_side))
    with canvas(_WIDTH_IN, 0.75 + 1.7 * rows) as figure:
        axes = _pairs(figure, rows, side_by_side)
        ends = _ends(curves)
        for place, (left, right) in enumerate(axes):
            if place >= len(methods):
                left.remove()
                right.remove()
                continue
            own = curves[curves["method"] == methods[place]]
            for axis, kind in zip((left, right), _KINDS):
                _curves(axis, own[own["kind"] == kind], ends)
                # the line above it is for the method's name
                axis.set_title(f"\n{kind}", fontsize=7.5, color=MUTED, fontweight="normal", pad=3)
                axis.tick_params(labelbottom=place + side_by_side >= len(methods))
            right.tick_params(labelleft=False)
            name = shortened(methods[place], 44 * (3 - side_by_side))
            title = left.annotate(
                name,
                (0, 1),
                (0, 15),
                xycoords="axes fraction",
                textcoords="offset points",
                fontsize=9,
                fontweight="bold",
            )
            title.set_in_layout(False)  # it may reach over both panels
        if not methods:
            empty(figure.subplots())
        handles = [Line2D([], [], **style) for _, style in _LINES.values()]
        words = [label for label, _ in _LINES.values()]
        figure.legend(handles, words, loc="outside upper right", ncols=4, fontsize=7.5)
        figure.supxlabel(
            "share of the pixels hidden (deletion: low is good) or shown (insertion: high is "
            "good), what the map ranks highest first",
            fontsize=8,
            color=MUTED,
        )
        figure.supylabel(unit, fontsize=8, color=MUTED)
        return pixels(figure)


def _pairs(figure: Figure, rows: int, side_by_side: int) -> list[tuple[Axes, Axes]]:
    """Panels for deletion and insertion, two to a method, with a gap between methods."""
    widths = [1.0, 1.0, 0.1] * side_by_side
    grid = figure.add_gridspec(rows, 3 * side_by_side - 1, width_ratios=widths[:-1])
    places = [(row, 3 * at) for row in range(rows) for at in range(side_by_side)]
    return [
        (figure.add_subplot(grid[row, at]), figure.add_subplot(grid[row, at + 1]))
        for row, at in places
    ]


def _ends(curves: pd.DataFrame) -> tuple[float, float]:
    shown = curves.loc[curves["line"].isin(["map", "random"]), ["mean", "low", "high"]]
    numbers = np.concatenate([shown.to_numpy(dtype=float).ravel(), curves["mean"].astype(float)])
    finite = numbers[np.isfinite(numbers)]
    low, high = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    margin = 0.05 * (high - low)
    return (low - margin, high + margin) if high > low else (-1.0, 1.0)


def _curves(axis: Axes, rows: pd.DataFrame, ends: tuple[float, float]) -> None:
    for line, (_, style) in _LINES.items():
        own = rows[rows["line"] == line].sort_values("share")
        axis.plot(own["share"], own["mean"], **style)
        if line in ("map", "random"):
            axis.fill_between(
                own["share"], own["low"], own["high"], color=style["color"], alpha=0.18, lw=0
            )
    if not np.isfinite(rows["mean"].astype(float)).any():
        nothing(axis, "not measured")
        return
    axis.set_ylim(*ends)
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1])
    axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axis.locator_params(axis="y", nbins=4)
    axis.tick_params(labelsize=7)
