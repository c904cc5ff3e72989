"""How explanations change while a network's layers are randomised."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, BAND, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import nothing, shortened, two_lines

_COLUMNS = 3
_OTHERS = "#c3cad2"


def randomisation_chart(cascade: pd.DataFrame, bound: float = 0.3) -> NDArray[np.uint8]:
    """Draw rank correlation with the original map as layer after layer is randomised.

    A panel for each method, with those of the others in grey behind it. The map is to end within
    the grey band.

    Parameters
    ----------
    cascade : DataFrame
        Columns step (from 1), layer, method, correlation, low, high, absolute (of the magnitudes),
        as of `randomisation`. Step 0, where both are 1, is added.
    bound : float
        Half the height of the band.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of methods.
    """
    methods = list(dict.fromkeys(cascade["method"]))
    layers = cascade.drop_duplicates("step").sort_values("step")["layer"].tolist()
    names = ["trained", *(shortened(name, 22) for name in _without_common_start(layers))]
    columns = min(_COLUMNS, max(1, len(methods)))
    rows = max(1, -(-len(methods) // columns))
    room = 0.075 * max(len(name) for name in names)
    with canvas(8.2, 0.75 + room + 1.55 * rows) as figure:
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        curves = {name: _from_one(cascade[cascade["method"] == name]) for name in methods}
        for place, axis in enumerate(axes.flat):
            if place >= len(methods):
                if methods:
                    axis.remove()
                else:
                    nothing(axis, "not measured")
                    axis.spines[:].set_visible(False)
                continue
            axis.axhspan(-bound, bound, color=BAND, zorder=0, lw=0)
            axis.axhline(0, color=MUTED, lw=0.6, zorder=1)
            for name, curve in curves.items():
                if name != methods[place]:
                    axis.plot(curve["step"], curve["correlation"], color=_OTHERS, lw=0.8)
            _cascade(axis, curves[methods[place]])
            axis.set_title(two_lines(methods[place], 90 // columns), fontsize=8.5)
            axis.set_xticks(range(len(names)), names, rotation=90, fontsize=6.5)
            axis.set_ylim(min(-0.4, _lowest(cascade) - 0.05), 1.06)
            last_in_column = place + columns >= len(methods)
            axis.tick_params(labelbottom=last_in_column, labelsize=7)
        handles = [
            Line2D([], [], color=ACCENT, marker="o", ms=3, lw=1.6),
            Line2D([], [], color=WARM, ls="--", lw=1.2),
            Line2D([], [], color=_OTHERS, lw=0.8),
        ]
        words = ["map", "its magnitude", "other methods"]
        figure.legend(handles, words, loc="outside upper right", ncols=3, fontsize=7.5)
        figure.supxlabel(
            "randomised up to and with this layer, from the output down; what explains the network "
            "ends in the grey band",
            fontsize=8,
            color=MUTED,
        )
        figure.supylabel("rank correlation with the map before", fontsize=8, color=MUTED)
        return pixels(figure)


def _without_common_start(names: list[str]) -> list[str]:
    """Layers of one network, named within it."""
    starts = {name.partition(".")[0] for name in names}
    if len(starts) != 1 or not all("." in name for name in names):
        return names
    return _without_common_start([name.partition(".")[2] for name in names])


def _from_one(rows: pd.DataFrame) -> pd.DataFrame:
    start = {"step": 0, "correlation": 1.0, "low": 1.0, "high": 1.0, "absolute": 1.0}
    known = rows[list(start)].astype(float)
    return pd.concat([pd.DataFrame([start]), known], ignore_index=True).sort_values("step")


def _cascade(axis: Axes, curve: pd.DataFrame) -> None:
    axis.fill_between(
        curve["step"], curve["low"], curve["high"], color=ACCENT, alpha=0.2, lw=0, zorder=2
    )
    axis.plot(curve["step"], curve["absolute"], color=WARM, ls="--", lw=1.2, zorder=3)
    axis.plot(curve["step"], curve["correlation"], "o-", color=ACCENT, ms=2.5, lw=1.6, zorder=4)


def _lowest(cascade: pd.DataFrame) -> float:
    numbers = cascade[["correlation", "low", "absolute"]].to_numpy(dtype=float)
    return float(numbers[np.isfinite(numbers)].min(initial=0.0))
