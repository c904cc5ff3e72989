"""How near generated images come to real ones, by every figure at once."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK, MUTED, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import GENERATED, HELD_OUT
from ganatomy.report.glossary import label

_SERIES = (
    (-0.15, "value", "low", "high", GENERATED, "generated images (95 % interval)"),
    (0.15, "floor", "floor_low", "floor_high", HELD_OUT, "real images in their place"),
)


def fidelity_chart(table: pd.DataFrame) -> NDArray[np.uint8]:
    """Draw each metric of the fakes as a dot on its interval, above that of reals in their place.

    Distances have an axis each, from zero; what is higher for better images shares one, which
    begins where the figures do.

    Parameters
    ----------
    table : DataFrame
        Columns name, value, low, high, floor, floor_low, floor_high, better.
    """
    lower = table[table["better"] == "lower"]
    higher = table[table["better"] == "higher"]
    rows, width, before_better = max(len(higher), 2 * len(lower)), 8.2, ": "
    if is_narrow():
        rows, width, before_better = 1 + len(higher) + 3 * len(lower), NARROW_IN, "\n"
    with canvas(width, 0.9 + 0.5 * rows) as figure:
        places = _places(figure, len(lower), len(higher))
        for place in range(len(lower)):
            row = lower.iloc[[place]]
            axis = figure.add_subplot(places[place])
            _lines(axis, row, least=0.0)
            axis.set_yticks([])
            axis.set_title(f"{label(row['name'].iloc[0])}{before_better}lower is better")
        axis = figure.add_subplot(places[-1])
        _lines(axis, higher)
        axis.set_yticks(np.arange(len(higher)), [_two_lines(name) for name in higher["name"]])
        axis.tick_params(axis="y", length=0, labelcolor=INK)
        axis.set_title("higher is better")
        handles, labels = axis.get_legend_handles_labels()
        columns = 1 if is_narrow() else 2
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
        return pixels(figure)


def _places(figure: Figure, num_lower: int, num_higher: int) -> list[SubplotSpec]:
    """Distances on the left and the rest on the right; on a narrow screen, one below the other."""
    if is_narrow():
        heights = [*[1.5] * num_lower, max(1, num_higher)]
        grid = figure.add_gridspec(num_lower + 1, 1, height_ratios=heights)
        return [grid[row, 0] for row in range(num_lower + 1)]
    grid = figure.add_gridspec(max(1, num_lower), 2)
    return [*(grid[row, 0] for row in range(num_lower)), grid[:, 1]]


def _two_lines(name: str) -> str:
    """The plain name above the field's symbol."""
    return label(name).replace(" (", "\n(")


def _lines(axis: Axes, rows: pd.DataFrame, least: float | None = None) -> None:
    position = np.arange(len(rows))
    for offset, name, low, high, colour, words in _SERIES:
        axis.hlines(position + offset, rows[low], rows[high], color=colour, lw=2.2)
        axis.plot(rows[name], position + offset, "o", color=colour, ms=5.5, label=words)
    ends = rows[["low", "high", "floor_low", "floor_high"]].to_numpy().ravel().tolist()
    if least is not None:
        ends.append(least)
        axis.axvline(least, color=MUTED, linewidth=0.8)
    margin = 0.04 * (max(ends) - min(ends)) or 1.0
    axis.set_xlim(min(ends) - margin, max(ends) + margin)
    axis.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axis.grid(axis="x", color=MUTED, alpha=0.25, linewidth=0.6)
    axis.set_axisbelow(True)
