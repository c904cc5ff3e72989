"""How often rules agree with a network, by their length: what more conditions are worth."""

from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import BAND, INK, MUTED, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import HOLDS
from ganatomy.report.figures.labels import nothing, one_line

_LOOKS: tuple[tuple[Any, str], ...] = (
    *(("-", "o"), ("--", "s"), (":", "^"), ("-.", "D")),
    ((0, (1, 3)), "v"),
)
_WIDTH_IN, _PANEL_IN, _REST_IN = 8.2, 2.1, 0.55
_ACROSS = 2
_APART = 0.07  # conditions between two learners' marks
_TITLE, _NARROW_TITLE = 46, 40


def rule_curves(candidates: dict[str, pd.DataFrame]) -> NDArray[np.uint8]:
    """Draw a panel for each decision: every learner's rules, the longer the further right.

    The band is how often one agrees who always says the decision that is made most; a rule within
    it says nothing. The ring is around the rule that is shown.

    Parameters
    ----------
    candidates : dict of str to DataFrame
        By the title of the panel: ``learner``, ``length``, ``fidelity``, ``low``, ``high``,
        ``baseline``, ``baseline_low``, ``baseline_high``, ``is_shown``.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    tables = {title: table for title, table in candidates.items() if len(table)}
    learners = list(dict.fromkeys(name for each in tables.values() for name in each["learner"]))
    across = 1 if is_narrow() else min(_ACROSS, max(1, len(tables)))
    down = max(1, ceil(len(tables) / across))
    width = NARROW_IN if is_narrow() else _WIDTH_IN * (0.6 if across == 1 else 1)
    with canvas(width, down * _PANEL_IN + _REST_IN) as figure:
        axes = figure.subplots(down, across, squeeze=False).ravel()
        if not tables:
            nothing(axes[0], "no rule was found")
            return pixels(figure)
        for axis in axes[len(tables) :]:
            axis.set_axis_off()
        for axis, (title, table) in zip(axes, tables.items()):
            axis.set_title(
                one_line(title, _NARROW_TITLE if is_narrow() else _TITLE), fontsize=8, color=INK
            )
            _panel(axis, table, learners)
        handles = [_handle(name, place) for place, name in enumerate(learners)]
        ring = Line2D([], [], color=HOLDS, marker="o", ms=10, mfc="none", lw=0, label="shown")
        band = Patch(color=BAND, label="always the same answer")
        figure.legend(
            handles=[*handles, ring, band],
            loc="outside lower center",
            ncols=2 if is_narrow() else min(6, len(learners) + 2),
            fontsize=7.5,
        )
        return pixels(figure)


def _panel(axis: Axes, table: pd.DataFrame, learners: list[str]) -> None:
    first = table.iloc[0]
    axis.axhspan(first["baseline_low"], first["baseline_high"], color=BAND, zorder=0)
    axis.axhline(first["baseline"], color=MUTED, linewidth=0.8, zorder=1)
    for place, name in enumerate(learners):
        own = table[table["learner"] == name].sort_values("length", kind="stable")
        if own.empty:
            continue
        at = own["length"] + _APART * (place - (len(learners) - 1) / 2)
        line, mark = _LOOKS[place % len(_LOOKS)]
        axis.vlines(at, own["low"], own["high"], color=MUTED, linewidth=0.9, zorder=2)
        axis.plot(at, own["fidelity"], linestyle=line, marker=mark, color=INK, ms=3.5, lw=1)
        shown = own["is_shown"].astype(bool)
        axis.plot(at[shown], own["fidelity"][shown], "o", color=HOLDS, mfc="none", ms=10, mew=1.8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set_xlim(0.5, float(table["length"].max()) + 0.5)
    axis.set_xlabel("conditions", fontsize=8)
    axis.set_ylabel("agrees with the network", fontsize=7.5)
    axis.tick_params(labelsize=7.5)


def _handle(name: str, place: int) -> Line2D:
    line, mark = _LOOKS[place % len(_LOOKS)]
    return Line2D([], [], color=INK, linestyle=line, marker=mark, ms=3.5, lw=1, label=name)
