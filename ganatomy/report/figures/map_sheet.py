"""Maps of several images side by side, each row under its name and under what speaks against it."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.report.figures.canvas import (
    DIVERGING,
    INK,
    MUTED,
    WARM,
    canvas,
    pixels,
    without_frame,
)

NOT_RELIABLE = "not to be relied on"
_CELL_IN, _GAP_IN, _BETWEEN_IN = 0.84, 0.05, 0.16
_LINE_IN = 0.155
_LEAST_IN = 3.4
_LETTERS = 13.2  # to the inch
_SIZE = 8.5


@dataclass(frozen=True, eq=False)
class MapRow:
    """The maps of one kind.

    Parameters
    ----------
    title : str
    maps : Tensor of shape (n, h, w)
        Signed attributions.
    reasons : sequence of str
        For each image why there is no map, "" where there is one; none: all are shown.
    stamp : str
        Why the kind is not to be relied on; "" where it is.
    """

    title: str
    maps: torch.Tensor
    reasons: Sequence[str] = field(default=())
    stamp: str = ""


def map_sheet(
    images: torch.Tensor,
    rows: Sequence[MapRow],
    scores: torch.Tensor | None,
    *,
    groups: Sequence[tuple[str, int]],
    notes: Sequence[str] = (),
) -> NDArray[np.uint8]:
    """Draw images in a row, in groups, and below them the maps of each kind over them.

    Colours of a row span its largest magnitude, symmetric about zero, over all groups: images of a
    row can be compared with each other, real ones with generated ones.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    rows : sequence of MapRow
    scores : Tensor of shape (n,), or None
        The explained value, written above each image; nothing is without them.
    groups : sequence of (str, int)
        Names and numbers of images that stand together; in all n.
    notes : sequence of str
        Written below each column.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    lefts = _lefts([number for _, number in groups])
    width = max(_LEAST_IN, lefts[-1] + _CELL_IN + _GAP_IN)
    heads = [_head(row, width) for row in rows]
    noted = 0.05 + _LINE_IN * max((note.count("\n") + 1 for note in notes), default=0)
    tops = [2 * _LINE_IN + 0.1]
    for head in heads:
        tops.append(tops[-1] + _CELL_IN + 0.1 + _LINE_IN * (1 + head.count("\n")))
    shown = _as_pictures(images)
    with canvas(width, tops[-1] + _CELL_IN + noted) as figure:
        figure.set_layout_engine("none")
        first = 0
        for name, number in groups:
            _write(figure, lefts[first], 0.03, name, weight="bold")
            first += number
        for column, left in enumerate(lefts):
            axis = _axes(figure, left, tops[0])
            _picture(axis, shown[column])
            if scores is not None:
                axis.set_title(f"{float(scores[column]):+.2f}", fontsize=_SIZE,
                               fontweight="normal", loc="center", pad=2, color=MUTED)  # fmt: skip
        for row, head, top in zip(rows, heads, tops[1:]):
            _row(figure, row, head, shown, lefts=lefts, top=top)
        for column, note in enumerate(notes[: len(lefts)]):
            _write(figure, lefts[column], tops[-1] + _CELL_IN + 0.05, note, color=MUTED, size=7.5)
        return pixels(figure)


def _lefts(numbers: Sequence[int]) -> list[float]:
    """The left edge of each column."""
    lefts, at = [], _GAP_IN
    for number in numbers:
        for _ in range(number):
            lefts.append(at)
            at += _CELL_IN + _GAP_IN
        at += _BETWEEN_IN
    return lefts


def _head(row: MapRow, width: float) -> str:
    """The kind and its scale; then, where it has one, its stamp."""
    told = torch.tensor([not reason for reason in row.reasons] or [True] * len(row.maps))
    scale = f"  (up to ±{_limit(row, told):.2g})" if bool(told.any()) else ""
    letters = int(width * _LETTERS)
    lines = textwrap.wrap(f"{row.title}{scale}", letters)
    if row.stamp:
        lines += textwrap.wrap(f"{NOT_RELIABLE}: {row.stamp}", letters)
    return "\n".join(lines)


def _limit(row: MapRow, told: torch.Tensor) -> float:
    return float(row.maps[told].abs().max()) if bool(told.any()) else 0.0


def _row(
    figure: Figure,
    row: MapRow,
    head: str,
    shown: NDArray[np.float32],
    *,
    lefts: list[float],
    top: float,
) -> None:
    reasons = [*row.reasons] or [""] * len(lefts)
    limit = _limit(row, torch.tensor([not reason for reason in reasons])) or 1.0
    above = top - 0.03 - _LINE_IN * (1 + head.count("\n"))
    stamped = head.find(f"{NOT_RELIABLE}:")
    name = head if stamped < 0 else head[: stamped - 1]
    _write(figure, lefts[0], above, name, weight="bold")
    if stamped >= 0:
        _write(figure, lefts[0], above + _LINE_IN * (1 + name.count("\n")), head[stamped:], WARM)
    for column, left in enumerate(lefts):
        axis = _axes(figure, left, top)
        if reasons[column]:
            _say(axis, reasons[column])
            continue
        _picture(axis, shown[column].mean(-1), alpha=0.35)
        values = row.maps[column].detach().cpu().numpy()
        axis.imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, alpha=0.75)


def _as_pictures(images: torch.Tensor) -> NDArray[np.float32]:
    """Shape (n, h, w, 1 or 3) in [0, 1]."""
    images = in_colours(images)
    return np.asarray(((images + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy())


def _picture(axis: Axes, image: NDArray[np.float32], alpha: float = 1.0) -> None:
    grey = image.ndim == 2 or image.shape[-1] == 1
    axis.imshow(image.squeeze() if grey else image, cmap="gray", vmin=0, vmax=1, alpha=alpha)
    without_frame(axis)


def _say(axis: Axes, reason: str) -> None:
    without_frame(axis)
    axis.text(0.5, 0.5, textwrap.fill(reason, 17), ha="center", va="center", fontsize=6, color=WARM,
              transform=axis.transAxes)  # fmt: skip


def _axes(figure: Figure, left: float, top: float) -> Axes:
    """A square at so many inches from the upper left corner."""
    width, height = figure.get_size_inches()
    bottom = 1 - (top + _CELL_IN) / height
    return figure.add_axes((left / width, bottom, _CELL_IN / width, _CELL_IN / height))


def _write(
    figure: Figure, left: float, top: float, text: str, color: str = INK, *,
    weight: str = "normal", size: float = _SIZE,
) -> None:  # fmt: skip
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, text, va="top", ha="left", color=color,
                fontweight=weight, fontsize=size, linespacing=1.15)  # fmt: skip
