"""How faithful explanations are: removal curves, and differences to controls."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from ganatomy.report.canvas import ACCENT, BAND, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.labels import nothing, shortened

_WIDTH_IN = 8.2
_LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "map": ("the map", {"color": ACCENT, "lw": 1.8, "zorder": 4}),
    "random": ("random map", {"color": MUTED, "lw": 1.4, "ls": (0, (1, 1.2))}),
    "edge": ("edge detector", {"color": WARM, "lw": 1.2, "ls": (0, (4, 1.5))}),
    "blurred": ("its blurred copy", {"color": INK, "lw": 0.9, "ls": (0, (6, 1.5, 1, 1.5))}),
}
_KINDS = ("deletion", "insertion")
_MARKS = {"random": (MUTED, "o"), "edge": (WARM, "s"), "blurred": (INK, "D")}
_MEASURES = {
    "insertion_deletion": "insertion − deletion",
    "road_noisy_linear": "ROAD, noisy linear",
    "road_blur": "ROAD, blur",
}


def removal_chart(curves: pd.DataFrame, unit: str = "logit") -> NDArray[np.uint8]:
    """Deletion and insertion of each method beside its controls, a pair of panels for each.

    Parameters
    ----------
    curves : DataFrame
        Columns method, line (``map``, ``random``, ``edge``, ``blurred``), kind (``deletion``,
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
            _empty(figure.subplots())
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


def control_chart(measures: pd.DataFrame, unit: str = "logit") -> NDArray[np.uint8]:
    """How much better each method is than its controls: one panel for each removal measure.

    A filled mark has its interval on one side of 0.

    Parameters
    ----------
    measures : DataFrame
        Columns method, measure, against, value, low, high, as `trust` takes it. Only rows against
        a control are drawn. Where nothing is finite it says "not measured".
    unit : str
        Of the target, for the axis.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of methods.
    """
    rows = measures[measures["against"].isin(list(_MARKS))]
    methods = list(dict.fromkeys(rows["method"]))
    panels = list(dict.fromkeys(rows["measure"])) or [""]
    with canvas(_WIDTH_IN, 1.15 + 0.42 * max(1, len(methods))) as figure:
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, measure in zip(axes, panels):
            axis.set_title(_MEASURES.get(measure, measure))
            own = rows[rows["measure"] == measure]
            if own.empty:
                _empty(axis)
                continue
            axis.axvline(0, color=INK, lw=0.8, zorder=1)
            for place, method in enumerate(methods):
                if place % 2 == 0:
                    axis.axhspan(place - 0.5, place + 0.5, color=BAND, alpha=0.45, lw=0, zorder=0)
                _intervals(axis, place, own[own["method"] == method])
            axis.locator_params(axis="x", nbins=5)
            axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=8)
            axis.tick_params(axis="x", labelsize=7.5)
            axis.spines["left"].set_visible(False)
        if methods:
            axes[0].set_yticks(range(len(methods)), [shortened(name, 30) for name in methods])
            axes[0].set_ylim(len(methods) - 0.5, -0.5)
        handles = [
            Line2D([], [], color=colour, marker=mark, ls="", ms=4.5)
            for colour, mark in _MARKS.values()
        ]
        words = [f"against {_LINES[control][0]}" for control in _MARKS]
        figure.legend(handles, words, loc="outside upper right", ncols=3, fontsize=7.5)
        figure.supxlabel(
            f"map minus control, in {unit}, with 95 % intervals; right of 0 the map is better; "
            "filled: clear of 0",
            fontsize=8,
            color=MUTED,
        )
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


def _empty(axis: Axes) -> None:
    nothing(axis, "not measured")
    axis.spines[:].set_visible(False)


def _intervals(axis: Axes, place: int, rows: pd.DataFrame) -> None:
    drawn = False
    for offset, (control, (colour, mark)) in zip((-0.24, 0.0, 0.24), _MARKS.items()):
        for row in rows[rows["against"] == control].to_dict("records"):
            value, low, high = (float(row[name]) for name in ("value", "low", "high"))
            if not np.isfinite(value):
                continue
            clear = low > 0 or high < 0
            axis.plot([low, high], [place + offset] * 2, color=colour, lw=1.3, zorder=2)
            axis.plot(
                value,
                place + offset,
                marker=mark,
                color=colour,
                mfc=colour if clear else "white",
                ms=4.5,
                zorder=3,
            )
            drawn = True
    if not drawn:
        axis.annotate(
            "not measured",
            (0.5, place),
            xycoords=("axes fraction", "data"),
            ha="center",
            va="center",
            fontsize=7,
            color=MUTED,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
