"""The distances between fakes and reals: a chart, and a sentence for each."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, MUTED, canvas, pixels

MEANINGS = {
    "fcd": "Fréchet distance: do means and spreads of the features agree?",
    "fid": "Fréchet distance in Inception features, as papers report it.",
    "kid": "Kernel distance: do the distributions agree, also beyond means and spreads?",
    "precision": "Share of generated images that lie where real images are.",
    "recall": "Share of real images that lie where generated images are.",
    "density": "How densely real images surround the generated ones; 1 is as among reals.",
    "coverage": "Share of real images that have a generated image next to them.",
}


def meaning(name: str) -> str:
    """Say in words what a metric asks."""
    return MEANINGS[name.removesuffix("_inception")]


def in_words(row: dict[str, Any]) -> str:
    """Say how a metric of the fakes stands beside that of reals, by their intervals.

    Parameters
    ----------
    row : dict
        A row of fidelity.csv.
    """
    if row["low"] <= row["floor_high"] and row["floor_low"] <= row["high"]:
        return "not to be told from reals"
    fakes_are_lower = row["high"] < row["floor_low"]
    if fakes_are_lower == (row["better"] == "lower"):
        return "beyond reals: they crowd where reals are densest"
    if row["better"] == "higher":
        return f"worse: at most {row['high'] / row['floor_low']:.0%} of the reals'"
    if row["floor_high"] <= 0:
        return "worse than reals"
    ratio = row["low"] / row["floor_high"]
    return f"worse: at least {ratio:,.{0 if ratio >= 10 else 1}f} times the reals'"


def fidelity_chart(table: pd.DataFrame) -> NDArray[np.uint8]:
    """Draw each metric of the fakes as a dot on its interval, above that of reals in their place.

    Distances have an axis each, from zero; what is higher for better images shares one.

    Parameters
    ----------
    table : DataFrame
        Columns name, value, low, high, floor, floor_low, floor_high, better.
    """
    lower = table[table["better"] == "lower"]
    higher = table[table["better"] == "higher"]
    with canvas(8.2, 0.55 + 0.5 * max(len(higher), 2 * len(lower))) as figure:
        grid = figure.add_gridspec(len(lower), 2)
        for place in range(len(lower)):
            axis = figure.add_subplot(grid[place, 0])
            _lines(axis, lower.iloc[[place]])
            if place == 0:
                axis.set_title("lower is better")
        axis = figure.add_subplot(grid[:, 1])
        _lines(axis, higher)
        axis.set_title("higher is better")
        handles, labels = axis.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
        return pixels(figure)


def _lines(axis: Axes, rows: pd.DataFrame) -> None:
    position = np.arange(len(rows))
    for offset, name, low, high, colour, label in (
        (-0.15, "value", "low", "high", ACCENT, "generated images (95 % interval)"),
        (0.15, "floor", "floor_low", "floor_high", MUTED, "real images in their place"),
    ):
        axis.hlines(position + offset, rows[low], rows[high], color=colour, lw=2.2)
        axis.plot(rows[name], position + offset, "o", color=colour, ms=5.5, label=label)
    ends = [0.0, *rows[["low", "high", "floor_low", "floor_high"]].to_numpy().ravel().tolist()]
    margin = 0.04 * (max(ends) - min(ends)) or 1.0
    axis.set_xlim(min(ends) - margin, max(ends) + margin)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(position, rows["name"].tolist())
    axis.tick_params(axis="y", length=0, labelcolor="black")
    axis.axvline(0, color=MUTED, linewidth=0.8)
    axis.grid(axis="x", color=MUTED, alpha=0.25, linewidth=0.6)
    axis.set_axisbelow(True)
