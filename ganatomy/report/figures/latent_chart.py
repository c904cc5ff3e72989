"""Which latent coordinates move a target, by LIME."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import BAND, INK, MUTED, canvas, pixels
from ganatomy.report.figures.colours import LOWERS, RAISES
from ganatomy.report.figures.labels import nothing, shortened

MOST_ROWS = 12
_ACROSS = 3
_ROW_IN = 0.21
_NAME = 16
_TITLE = 30


def latent_chart(
    importance: dict[str, pd.DataFrame], units: dict[str, str] | None = None
) -> NDArray[np.uint8]:
    """Draw the coordinates that move each target most, a panel for each target.

    The dot is the mean magnitude of the effect with its interval, the bar what is left of it when
    the signs may cancel: where the bar reaches the dot, the coordinate pushes the same way in
    every image. The grey part is what sampling noise alone would show.

    Parameters
    ----------
    importance : dict of str to DataFrame
        For each target one row per coordinate: name, mean, mean_abs, low, high, noise, as from
        `ganatomy.explain.lime.latents.latent_importance`. The first `MOST_ROWS` by mean_abs are
        drawn. A row without a finite mean_abs is left out.
    units : dict of str to str, optional
        The unit of a target, written below its panel.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    tables = {
        target: table[np.isfinite(table["mean_abs"].astype(float))]
        .sort_values("mean_abs", ascending=False, kind="stable")
        .head(MOST_ROWS)
        for target, table in importance.items()
    }
    most = max([2, *(len(table) for table in tables.values())])
    across = min(len(tables), 2 if len(tables) == 4 else _ACROSS) or 1
    down = max(1, math.ceil(len(tables) / across))
    with canvas(8.2 if across > 1 else 4.6, 0.5 + down * (0.75 + _ROW_IN * most)) as figure:
        axes = figure.subplots(down, across, squeeze=False).ravel()
        for axis in axes[len(tables) :]:
            axis.set_axis_off()
        for axis, (target, table) in zip(axes, tables.items()):
            axis.set_title(shortened(target, _TITLE), fontsize=8.5)
            if table.empty:
                nothing(axis, "not explained")
                axis.spines[:].set_visible(False)
                continue
            _effects(axis, table, most)
            axis.set_xlabel((units or {}).get(target, ""), fontsize=7.5, color=MUTED)
        figure.legend(
            handles=[
                Line2D([], [], color=INK, marker="o", ms=4, lw=1, label="mean size, 95 %"),
                Patch(color=RAISES, label="raises it on average"),
                Patch(color=LOWERS, label="lowers it on average"),
                Patch(color=BAND, label="noise alone"),
            ],
            loc="outside lower center",
            ncols=4 if across > 1 else 2,
            fontsize=7.5,
        )
        return pixels(figure)


def _effects(axis: Axes, table: pd.DataFrame, most: int) -> None:
    places = np.arange(len(table))
    mean, size, low, high, noise = (
        table[name].to_numpy(dtype=np.float64)
        for name in ("mean", "mean_abs", "low", "high", "noise")
    )
    axis.barh(places, noise, height=0.86, color=BAND, zorder=1)
    colours = [RAISES if value > 0 else LOWERS for value in mean]
    axis.barh(places, np.abs(mean), height=0.46, color=colours, zorder=2)
    axis.hlines(places, low, high, color=INK, linewidth=1, zorder=3)
    axis.plot(size, places, "o", color=INK, ms=4, zorder=4)
    axis.set_yticks(places, [shortened(str(name), _NAME) for name in table["name"]])
    axis.set_ylim(most - 0.4, -0.6)
    reach = np.concatenate([size, high[np.isfinite(high)]]).max()
    axis.set_xlim(0, 1.05 * float(reach) or 1.0)
    axis.locator_params(axis="x", nbins=5)
    axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=7.5)
    axis.tick_params(axis="x", labelsize=7.5)
