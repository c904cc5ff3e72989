"""Which regions each method calls important, side by side: what they disagree on stands out."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels, without_frame
from ganatomy.report.figures.labels import nothing, shortened

_WIDTH_IN = 8.2
_NAMES_IN = 2.0  # left of the columns
_SPREAD_IN = 0.95  # right of them
_ROW_IN = 0.27
_WIDEST_IN = 1.45  # a column
_LEVEL_IN = 1.0  # narrower ones have their names aslant
_LETTER_IN = 0.073
_NAME = 28
_ASLANT = 26
_LEAST = 0.02  # of the palest colour
_COLOURS = LinearSegmentedColormap.from_list("ranks", ["#f1f5f8", "#9cc7da", ACCENT])


def agreement_picture(
    mean_image: NDArray[Any],
    regions: dict[str, NDArray[np.bool_]],
    ranks: pd.DataFrame,
    *,
    most_rows: int = 25,
) -> NDArray[np.uint8]:
    """Draw the rank that each method gives each region: over the mean image, and as a table.

    A column for each method: where it puts its ranks in the image, and below that the numbers. Dark
    is important. Rows are in the order of the first method, so one that agrees with it fades from
    top to bottom; at the right is how many ranks the methods differ by.

    Parameters
    ----------
    mean_image : ndarray of shape (c, h, w) or (h, w), in [0, 255]
    regions : dict of str to ndarray of shape (h, w), bool
        Those that are not in `ranks` stay unpainted.
    ranks : DataFrame, region x method
        1 is the most important, as of `Agreement`. Up to about 9 methods can be read.
    most_rows : int
        With more regions the most disputed are in the table, and a note counts the others.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of regions.
    """
    ranks = ranks.astype(float)
    if ranks.empty:
        return _nothing()
    spread = (ranks.max(axis=1) - ranks.min(axis=1)).rename("spread")
    kept = spread.sort_values(ascending=False, kind="stable").index[:most_rows]
    table = ranks.loc[kept].sort_values(list(ranks.columns), kind="stable")
    count, methods = len(ranks), list(ranks.columns)
    column = min(_WIDEST_IN, (_WIDTH_IN - _NAMES_IN - _SPREAD_IN) / len(methods))
    grey = np.asarray(mean_image, dtype=np.float64)
    grey = grey.mean(0) if grey.ndim == 3 else grey
    aslant = column < _LEVEL_IN
    names = [shortened(name, _ASLANT) if aslant else _lines(name, column) for name in methods]
    longest = max(len(name) for name in names)
    lines = max(name.count("\n") + 1 for name in names)
    head = 0.15 + 0.72 * _LETTER_IN * longest if aslant else 0.08 + 0.16 * lines
    maps = column * 0.9 * grey.shape[0] / grey.shape[1]
    height = head + maps + 0.12 + _ROW_IN * len(table) + 0.42
    with canvas(_WIDTH_IN, height) as figure:
        figure.set_layout_engine("none")
        for at, method in enumerate(methods):
            left = _NAMES_IN + at * column
            axis = _axes(figure, (left + 0.05 * column, head, 0.9 * column, maps))
            axis.imshow(_painted(grey, regions, ranks[method]), interpolation="nearest")
            without_frame(axis)
            axis.annotate(
                names[at],
                (0.3 if aslant else 0.5, 1),
                (0, 3),
                xycoords="axes fraction",
                textcoords="offset points",
                fontsize=7.5,
                fontweight="bold",
                ha="left" if aslant else "center",
                rotation=45 if aslant else 0,
                rotation_mode="anchor",
            )
        top = head + maps + 0.12
        wide = column * len(methods)
        axis = _axes(figure, (_NAMES_IN, top, wide, _ROW_IN * len(table)))
        differences = spread.loc[table.index].to_numpy(dtype=np.float64)
        _numbers(axis, table, differences, count)
        axis = _axes(figure, (_NAMES_IN + wide + 0.12, top, 0.6, _ROW_IN * len(table)))
        _spreads(axis, differences, count)
        more = f"; the {len(table)} most disputed of {count}" if len(table) < count else ""
        figure.text(
            _NAMES_IN / _WIDTH_IN,
            0.13 / height,
            f"rank of a region among {count}: 1, dark, is the most important{more}",
            fontsize=8,
            color=MUTED,
        )
        return pixels(figure)


def _nothing() -> NDArray[np.uint8]:
    with canvas(_WIDTH_IN, 1.2) as figure:
        axis = figure.subplots()
        nothing(axis, "no region that all methods judge")
        axis.spines[:].set_visible(False)
        return pixels(figure)


def _axes(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """At left, top, width and height in inches from the upper left corner."""
    left, top, wide, high = place
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))


def _lines(name: str, column: float) -> str:
    """A name on lines of the column's width, broken at blanks and dots."""
    most = int(column / _LETTER_IN)
    lines = [""]
    for word in name.replace(".", ".\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(word.strip()) > most:
            lines.append("")
        lines[-1] += word
    lines = [shortened(line.strip(), most) for line in lines]
    return "\n".join(lines)


def _shade(rank: float, count: int) -> float:
    """From 1, the first, to nearly 0, the last."""
    return 1 - (1 - _LEAST) * (rank - 1) / max(1, count - 1)


def _painted(
    grey: NDArray[np.float64], regions: dict[str, NDArray[np.bool_]], ranks: pd.Series
) -> NDArray[np.float64]:
    """The mean image with the regions painted in, the most important on top."""
    picture = np.repeat(grey[..., None] / 255, 3, 2)
    for name, rank in ranks.sort_values(ascending=False, kind="stable").items():
        inside = regions.get(str(name))
        if inside is not None and np.isfinite(rank):
            colour = np.array(_COLOURS(_shade(float(rank), len(ranks)))[:3])
            picture[inside] = 0.15 * picture[inside] + 0.85 * colour
    return picture


def _numbers(axis: Axes, table: pd.DataFrame, spread: NDArray[np.float64], count: int) -> None:
    values = table.to_numpy(dtype=np.float64)
    axis.imshow(
        np.vectorize(lambda rank: _shade(rank, count))(values),
        cmap=_COLOURS,
        vmin=0,
        vmax=1,
        aspect="auto",
    )
    for (row, column), rank in np.ndenumerate(values):
        axis.text(
            column,
            row,
            f"{rank:g}",
            ha="center",
            va="center",
            fontsize=7.5,
            color="white" if _shade(rank, count) > 0.72 else INK,
        )
    axis.set_yticks(range(len(table)), [shortened(str(name), _NAME) for name in table.index])
    axis.set_xticks([])
    axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=8)
    for label, strong in zip(axis.get_yticklabels(), _strongest(spread)):
        label.set(color=WARM if strong else INK, fontweight="bold" if strong else "normal")
    axis.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(values.shape[0] + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", lw=1.5)
    axis.tick_params(which="minor", length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _strongest(spread: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((spread == spread.max(initial=0)) & (spread > 0))


def _spreads(axis: Axes, spread: NDArray[np.float64], count: int) -> None:
    """Count the ranks between the methods that are farthest apart."""
    places = np.arange(len(spread))
    strong = _strongest(spread)
    axis.barh(places, spread, height=0.6, color=np.where(strong, WARM, "#e3b7a4").tolist())
    for place, value in zip(places, spread):
        axis.annotate(
            f"{value:g}",
            (value, place),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=WARM if strong[place] else MUTED,
            fontweight="bold" if strong[place] else "normal",
        )
    axis.set_ylim(len(spread) - 0.5, -0.5)
    axis.set_xlim(0, max(1, count - 1))
    axis.set_title("ranks\napart", fontsize=7.5, color=WARM, pad=3)
    without_frame(axis)
