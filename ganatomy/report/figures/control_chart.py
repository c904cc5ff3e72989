"""How much better maps are than their controls."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import BAND, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import empty, two_lines

_WIDTH_IN = 8.2
_MARKS = {
    "random": ("random map", MUTED, "o"),
    "edge": ("edge detector", WARM, "s"),
    "other": ("its map of another image", INK, "D"),
}
_MEASURES = {
    "insertion_deletion": "insertion − deletion",
    "road_noisy_linear": "ROAD, noisy linear",
    "road_blur": "ROAD, blur",
    "road_hot_deck": "ROAD, other images",
}


def control_chart(measures: pd.DataFrame, unit: str = "logit") -> NDArray[np.uint8]:
    """Draw how much better each method is than its controls, a panel for each removal measure.

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
                empty(axis)
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
            axes[0].set_yticks(range(len(methods)), [two_lines(name, 28) for name in methods])
            axes[0].set_ylim(len(methods) - 0.5, -0.5)
        handles = [
            Line2D([], [], color=colour, marker=mark, ls="", ms=4.5)
            for _, colour, mark in _MARKS.values()
        ]
        labels = [f"against {words}" for words, _, _ in _MARKS.values()]
        figure.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=7.5)
        figure.supxlabel(
            f"map minus control, in {unit}, with 95 % intervals; right of 0 the map is better; "
            "filled: clear of 0",
            fontsize=8,
            color=MUTED,
        )
        return pixels(figure)


def _intervals(axis: Axes, place: int, rows: pd.DataFrame) -> None:
    drawn = False
    for offset, (control, (_, colour, mark)) in zip((-0.24, 0.0, 0.24), _MARKS.items()):
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
