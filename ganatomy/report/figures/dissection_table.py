"""Which units of the generator raise or lower which concept: units down, concepts across."""

from collections.abc import Hashable, Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import BAND, DIVERGING, INK, MUTED, canvas, pixels
from ganatomy.report.figures.labels import nothing, shortened, wrapped

_ROW_IN = 0.21
_NAME = 28
_HEAD = 12
_LEAST_LIMIT = 0.2  # of a standard deviation, so that a table of nothing looks faint
_INSET = 0.06  # keeps the outlines of neighbours apart
_LEAST_WIDTH = 4  # cells across: a table of one concept is no poster


def dissection_table(table: pd.DataFrame, max_units: int = 24) -> NDArray[np.uint8]:
    """Draw a cell for each unit and concept, coloured by how far the unit moves the concept.

    The units with the largest effects that stand out are shown (the largest effects at all, where
    fewer stand out), those of a concept together. Red: the unit raises the concept, blue: lowers
    it. What stands out is bold in an outline. Units without any effect to tell are not drawn.

    Parameters
    ----------
    table : DataFrame
        Columns layer, unit, concept, effect, stands_out, as `explain.dissection.dissect` returns
        them.
    max_units : int

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of units shown.
    """
    concepts = list(dict.fromkeys(table["concept"]))
    chosen = _chosen(table, concepts, max_units)
    effects = {(row["layer"], row["unit"], row["concept"]): row for row in table.to_dict("records")}
    heads = [wrapped(shortened(name.replace("_", " "), 3 * _HEAD), _HEAD) for name in concepts]
    with canvas(8.2, 1.9 + _ROW_IN * max(2, len(chosen))) as figure:
        axis = figure.subplots()
        if not chosen:
            nothing(axis, "no unit has an effect that can be told")
            axis.spines[:].set_visible(False)
            return pixels(figure)
        shown = np.array([effects[unit]["effect"] for unit in effects if unit[:2] in set(chosen)])
        limit = max(_LEAST_LIMIT, float(np.abs(shown[np.isfinite(shown)]).max(initial=0)))
        norm = Normalize(-limit, limit)
        for place, (layer, unit) in enumerate(chosen):
            for column, name in enumerate(concepts):
                _cell(axis, column, place, effects.get((layer, unit, name), {}), norm)
        axis.set_xlim(-0.5, max(len(concepts), _LEAST_WIDTH) - 0.5)
        axis.set_ylim(len(chosen) - 0.5, -0.5)
        names = [f"{shortened(str(layer), _NAME)} · {unit}" for layer, unit in chosen]
        axis.set_yticks(np.arange(len(chosen)), names)
        axis.set_xticks(np.arange(len(concepts)), heads)
        axis.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False)
        axis.tick_params(length=0, labelcolor=INK, labelsize=7.5)
        axis.spines[:].set_visible(False)
        figure.suptitle(_title(table, len(chosen)), x=0.01, ha="left", fontsize=9.5, weight="bold")
        bar = figure.colorbar(
            ScalarMappable(norm, DIVERGING),
            ax=axis,
            location="bottom",
            shrink=0.5,
            aspect=40,
            pad=0.02,
            anchor=(0.0, 1.0),
        )
        bar.ax.tick_params(labelsize=7.5)
        bar.set_label(
            "standard deviations that the concept gains with one more of the unit\n"
            "red: the unit raises it, blue: lowers it; outlined, bold: stands out",
            fontsize=8,
            color=MUTED,
        )
        return pixels(figure)


def _chosen(table: pd.DataFrame, concepts: list[str], most: int) -> list[tuple[str, int]]:
    """Layer and unit of the rows: grouped by the concept that each moves the most."""
    known = table[np.isfinite(table["effect"].astype(float))]
    known = known.assign(size=known["effect"].abs(), out=known["stands_out"].astype(bool))
    known = known.sort_values(["out", "size"], ascending=False, kind="stable")
    first = known.drop_duplicates(["layer", "unit"]).head(most)
    first = first.assign(place=first["concept"].map({name: at for at, name in enumerate(concepts)}))
    first = first.sort_values(["place", "size"], ascending=[True, False], kind="stable")
    return list(zip(first["layer"], first["unit"]))


def _title(table: pd.DataFrame, shown: int) -> str:
    units = table.groupby(["layer", "unit"], sort=False)["stands_out"].any()
    moving, count = int(units.sum()), len(units)
    title = f"{moving} of {count} units move{'s' * (moving == 1)} a concept beyond chance"
    if moving == 0:
        title = f"None of {count} units moves a concept beyond chance"
    return title if shown == count else f"{title}; the {shown} with the largest effects are shown"


def _cell(
    axis: Axes, column: int, place: int, row: Mapping[Hashable, Any], norm: Normalize
) -> None:
    corner = (column - 0.5, place - 0.5)
    effect = float(row.get("effect", np.nan))
    if not np.isfinite(effect):
        axis.add_patch(Rectangle(corner, 1, 1, facecolor=BAND, edgecolor="white", hatch="////"))
        return
    colour = matplotlib.colormaps[DIVERGING](float(norm(effect)))
    axis.add_patch(Rectangle(corner, 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8))
    out = bool(row["stands_out"])
    if out:
        inner = (corner[0] + _INSET / 2, corner[1] + _INSET)
        for edge, width in (("white", 2.6), (INK, 1.2)):  # shows on light and on dark
            axis.add_patch(
                Rectangle(
                    *(inner, 1 - _INSET, 1 - 2 * _INSET),
                    fill=False,
                    edgecolor=edge,
                    linewidth=width,
                )
            )
    ink = "white" if np.dot(colour[:3], (0.299, 0.587, 0.114)) < 0.52 else INK
    axis.text(
        *(column, place, _signed(effect)),
        color=ink,
        fontweight="bold" if out else "normal",
        fontsize=7,
        ha="center",
        va="center",
    )


def _signed(effect: float) -> str:
    """Two digits: effects are shares of a standard deviation more often than multiples of it."""
    if abs(effect) < 0.005:
        return "0"
    digits = 2 if abs(effect) < 9.995 else 0
    return f"{effect:+.{digits}f}".replace("-", "−")
