"""The distances between fakes and reals: a chart, and a sentence for each."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.metrics.sentences import beside_reals
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


in_words = beside_reals


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
