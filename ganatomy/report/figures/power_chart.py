"""How well a smaller budget would have found the same ranking."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import nothing

_PANELS = (("seeds", "fewer seeds", "seeds"), ("share", "fewer steps", "share of the steps"))


def power_chart(power: pd.DataFrame) -> NDArray[np.uint8]:
    """Draw agreement with the full budget's ranking over the number of seeds, and of steps.

    Rankings from some of the seeds share them with the full one; how two disjoint halves of the
    seeds agree with each other is marked beside them.

    Parameters
    ----------
    power : DataFrame
        Columns kind (``seeds``, ``share`` or ``split_half``), value, rank_correlation, low, high,
        same_top3. A panel without any finite correlation says so.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    known = np.isfinite(power["rank_correlation"].astype(float))
    halves = power[(power["kind"] == "split_half") & known]
    with canvas(8.2, 2.7) as figure:
        axes = figure.subplots(1, 2)
        drawn: dict[str, Any] = {}
        for axis, (kind, title, words) in zip(axes, _PANELS):
            rows = power[(power["kind"] == kind) & known]
            axis.set_title(title)
            if rows.empty:
                nothing(axis, "not measured")
                axis.spines[:].set_visible(False)
                continue
            _lines(axis, rows.sort_values("value"))
            axis.set_xlabel(words)
            if kind == "seeds":
                _halves(axis, halves)
                axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
                shown = [*rows["value"], *halves["value"]]
                axis.set_xlim(min(shown) - 0.3, max(shown) + 0.3)
            else:
                axis.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
                axis.set_xlim(0, 1)
                axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            handles, labels = axis.get_legend_handles_labels()
            drawn.update(zip(labels, handles))
        if drawn:
            lowest = float(np.nanmin(power[["rank_correlation", "low", "same_top3"]].to_numpy()))
            for axis in axes:
                axis.set_ylim(min(-0.03, lowest - 0.05), 1.05)
            figure.legend(
                drawn.values(), list(drawn), loc="outside lower center", ncols=4, fontsize=7.5
            )
        return pixels(figure)


def _lines(axis: Axes, rows: pd.DataFrame) -> None:
    value = rows["value"].to_numpy(dtype=np.float64)
    low, high = (rows[name].to_numpy(dtype=np.float64) for name in ("low", "high"))
    axis.axhline(1, color=MUTED, linewidth=0.8)
    axis.axhline(0, color=MUTED, linewidth=0.8, linestyle=":")
    if np.isfinite(low).any():
        axis.fill_between(
            value, low, high, color=ACCENT, alpha=0.18, linewidth=0, label="5 to 95 %"
        )
    axis.vlines(value, low, high, color=ACCENT, alpha=0.5, linewidth=1)  # also of a single point
    axis.plot(
        value, rows["rank_correlation"], "o-", color=ACCENT, ms=4, lw=1.4, label="rank correlation"
    )
    axis.plot(
        value,
        rows["same_top3"],
        "s--",
        color=WARM,
        mfc="none",  # the two are often equal: a dot in a square
        ms=7,
        lw=1.2,
        label="share with same first three",
    )


def _halves(axis: Axes, rows: pd.DataFrame) -> None:
    beside = rows["value"] + 0.08  # the marks of as many seeds stand at the value itself
    axis.vlines(beside, rows["low"], rows["high"], color=INK, linewidth=1)
    if len(rows):
        axis.plot(
            beside, rows["rank_correlation"], "D", color=INK, mfc="white", label="disjoint halves"
        )
