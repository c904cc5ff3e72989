"""The strongest units of a generator: the images in which each is active, with and without it."""

import textwrap
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch.nn import functional

from ganatomy.data.images import in_colours
from ganatomy.explain.units.unit_images import UnitImages
from ganatomy.report.figures.canvas import INK, MUTED, WARM, canvas, pixels, without_frame

_CELL_IN, _GAP_IN, _LABEL_IN = 0.84, 0.05, 0.68
_HEAD_IN, _LINE_IN, _UNIT_GAP_IN = 0.08, 0.16, 0.14
_LETTERS = 13.0  # to the inch


def unit_sheet(units: Sequence[UnitImages], titles: Sequence[str]) -> NDArray[np.uint8]:
    """Draw two rows for each unit: images with its area outlined, and the same ones without it.

    Parameters
    ----------
    units : sequence of UnitImages
        At least one.
    titles : sequence of str
        One for each: what the unit does.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    columns = max(len(unit.images) for unit in units)
    width = _LABEL_IN + columns * (_CELL_IN + _GAP_IN)
    heads = [textwrap.fill(title, int(width * _LETTERS)) for title in titles]
    tall = [_HEAD_IN + _LINE_IN * (1 + head.count("\n")) for head in heads]
    height = sum(tall) + len(units) * (2 * _CELL_IN + _GAP_IN + _UNIT_GAP_IN)
    with canvas(width, height) as figure:
        figure.set_layout_engine("none")
        top = 0.0
        for unit, head, head_in in zip(units, heads, tall):
            _write(figure, 0.04, top + 0.03, head, INK, "bold")
            top += head_in
            for label, images in (("with it", unit.images), ("without it", unit.without)):
                _write(figure, 0.04, top + 0.35 * _CELL_IN, label, MUTED)
                _row(figure, unit, images, top, outlined=label == "with it")
                top += _CELL_IN + _GAP_IN
            top += _UNIT_GAP_IN - _GAP_IN
        return pixels(figure)


def _row(
    figure: Figure, unit: UnitImages, images: torch.Tensor, top: float, *, outlined: bool
) -> None:
    images = in_colours(images)
    shown = ((images + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    size = (images.shape[-2], images.shape[-1])
    active = functional.interpolate(
        unit.activation[:, None].float(), size, mode="bilinear", align_corners=False
    )[:, 0].numpy()
    for column, image in enumerate(shown):
        axis = _axes(figure, _LABEL_IN + column * (_CELL_IN + _GAP_IN), top)
        grey = image.shape[-1] == 1
        axis.imshow(image[..., 0] if grey else image, cmap="gray", vmin=0, vmax=1)
        without_frame(axis)
        if outlined and active[column].min() < unit.level < active[column].max():
            axis.contour(
                active[column], [unit.level], colors=WARM, linewidths=1.4, linestyles="solid"
            )


def _axes(figure: Figure, left: float, top: float) -> Axes:
    width, height = figure.get_size_inches()
    bottom = 1 - (top + _CELL_IN) / height
    return figure.add_axes((left / width, bottom, _CELL_IN / width, _CELL_IN / height))


def _write(
    figure: Figure, left: float, top: float, text: str, color: str, weight: str = "normal"
) -> None:
    width, height = figure.get_size_inches()
    place = (left / width, 1 - top / height)
    figure.text(*place, text, va="top", ha="left", color=color, fontweight=weight, fontsize=8.5)
