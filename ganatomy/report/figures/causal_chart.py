"""Whether taking away the channels that an explanation names moves the target most."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK, MUTED, canvas, pixels
from ganatomy.report.figures.colours import FAILS, HOLDS, UNDECIDED
from ganatomy.report.figures.labels import nothing, shortened

_ROW_IN = 0.19
_GAP = 0.7  # rows between two layers
_NAME = 80
_LANE = "#f5f6f8"


def causal_chart(table: pd.DataFrame, target: str = "the target") -> NDArray[np.uint8]:
    """Draw how far the target falls without top and without random channels, by layer and share.

    The bar around a top mark is the 95 % interval of the paired difference, laid off from the
    random mark: a bar right of the random mark is a check that passes, one left of
    it a layer whose credit points the wrong way.

    Parameters
    ----------
    table : DataFrame
        Columns layer, share, k, num_channels, drop_top, drop_random, drop_bottom, low, high,
        passes, as `explain.ablation.causal_check` returns them; of several layers one below the
        other, in the order of the table.
    target : str
        Its name, for the axis.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of rows.
    """
    rows = table.to_dict("records")
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    # a name stands above its layer's lines: long ones then take no room from the lines
    span = len(rows) + (1 + _GAP) * len(layers)
    with canvas(8.2, 1.5 + _ROW_IN * max(4.0, span)) as figure:
        axis = figure.subplots()
        if not rows:
            nothing(axis, "no layer has enough channels to be checked")
            axis.spines[:].set_visible(False)
            return pixels(figure)
        axis.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
        places, labels, at = [], [], 0.0
        for layer in layers:
            own = [row for row in rows if row["layer"] == layer]
            axis.axhspan(at - 0.6, at + len(own) + 0.6, color=_LANE, linewidth=0, zorder=-1)
            axis.text(
                *(0.008, at),
                shortened(str(layer), _NAME),
                transform=axis.get_yaxis_transform(),
                fontsize=8,
                fontweight="bold",
                va="center",
                bbox={"facecolor": _LANE, "edgecolor": "none", "pad": 1},  # over the zero line
            )
            for row in own:
                at += 1
                places.append(at)
                labels.append(f"{row['k']} of {row['num_channels']}  ({row['share'] * 100:.0f} %)")
                _line(axis, at, row)
            at += 1 + _GAP
        axis.set_yticks(places, labels)
        axis.set_ylim(at - _GAP - 0.2, -0.8)
        axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=7.5)
        axis.tick_params(axis="x", labelsize=8)
        axis.spines["left"].set_visible(False)
        axis.margins(x=0.03)
        axis.set_xlabel(f"mean fall of {target} when the channels are taken away", fontsize=8.5)
        _legend(axis)
        figure.legend(loc="outside lower center", ncols=3, fontsize=8, handletextpad=0.5)
        return pixels(figure)


def _line(axis: Axes, at: float, row: Mapping[Hashable, Any]) -> None:
    top, chance, bottom, low, high = (
        float(row[name]) for name in ("drop_top", "drop_random", "drop_bottom", "low", "high")
    )
    colour, mark = _mark(bool(row["passes"]), high)
    if np.isfinite([low, high]).all():
        axis.plot(
            [chance + low, chance + high], [at, at], color=colour, linewidth=5, alpha=0.28, zorder=1
        )
    axis.plot([chance, top], [at, at], color=colour, linewidth=1.2, zorder=2)
    axis.plot(bottom, at, "|", color=MUTED, markersize=8, markeredgewidth=1.4, zorder=3)
    axis.plot(chance, at, "o", color=INK, markerfacecolor="white", markersize=5, zorder=4)
    axis.plot(top, at, mark, color=colour, markersize=6, zorder=5)


def _mark(passes: bool, high: float) -> tuple[str, str]:
    """Colour and mark of the top channels: more than random, not told apart, clearly less."""
    if passes:
        return HOLDS, "o"
    return (FAILS, "X") if high < 0 else (UNDECIDED, "s")


def _legend(axis: Axes) -> None:
    """Marks without data, so that a legend stands in the same order whatever was found."""
    none: list[float] = []
    for name, (colour, mark) in {
        "top channels: more than random": _mark(True, 1.0),
        "top: no difference seen": _mark(False, 1.0),
        "top: clearly less than random": _mark(False, -1.0),
    }.items():
        axis.plot(none, none, mark, color=colour, markersize=6, label=name)
    axis.plot(
        *(none, none, "o"),
        color=INK,
        markerfacecolor="white",
        markersize=5,
        label="random channels",
    )
    axis.plot(
        *(none, none, "|"), color=MUTED, markersize=8, markeredgewidth=1.4, label="bottom channels"
    )
