"""What G makes when it was trained without a feature, row by row."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.report.figures.canvas import INK, MUTED, canvas, pixels
from ganatomy.report.figures.labels import one_line, shortened, wrapped

# in dots
_DPI = 150  # of `canvas`
_WIDTH = 1230  # as the other figures, where the images leave the choice
_LABEL = 340
_GAP = 2
_LINE_LABEL = 20
_LINE_NOTE = 17
_LEAST_ROW = _LINE_LABEL + 2 * _LINE_NOTE + 6
_AFTER_FIRST = 10
# in characters
_NAME = 34
_NOTE = 40


def multiples(sheets: list[tuple[str, str, torch.Tensor]]) -> NDArray[np.uint8]:
    """Draw one row of images for each sheet, with its label and a note at the left.

    Every pixel of an image becomes a block of equal pixels. The first row, what the others are
    compared with, stands a little apart.

    Parameters
    ----------
    sheets : list of (str, str, Tensor of shape (k, c, h, w), uint8)
        Label, note and images; all of one shape, from the same latents in the same order.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of rows, its width with k when images of one pixel a
        pixel need more than the usual.
    """
    count, _, height, width = sheets[0][2].shape
    scale = max(1, min(4, ((_WIDTH - _LABEL) // count - _GAP) // width))
    high, wide = height * scale, width * scale
    pitch = max(high, _LEAST_ROW) + _GAP
    middles = [(row + 0.5) * pitch + (_AFTER_FIRST if row else 0) for row in range(len(sheets))]
    size = (int(middles[-1] + pitch / 2), _LABEL + count * (wide + _GAP))
    with canvas((size[1] + 0.5) / _DPI, (size[0] + 0.5) / _DPI) as figure:  # never rounded down
        figure.set_layout_engine("none")
        for middle, (label, note, _) in zip(middles, sheets):
            _write(figure, size[0] - middle, label, note)
        picture = pixels(figure)
    for middle, (_, _, images) in zip(middles, sheets):
        top = int(middle - high / 2)
        for column, image in enumerate(in_colours(images).permute(0, 2, 3, 1).cpu().numpy()):
            left = _LABEL + column * (wide + _GAP)
            block = image.repeat(scale, 0).repeat(scale, 1)
            picture[top : top + high, left : left + wide] = block
    return picture


def _write(figure: Figure, middle: float, label: str, note: str) -> None:
    """A label, and a note of two lines at most below it, to the left of the images."""
    lines = wrapped(note, _NOTE).split("\n") if note else []
    if len(lines) > 2:
        lines = [lines[0], one_line(" ".join(lines[1:]), _NOTE)]
    top = middle + (_LINE_LABEL + _LINE_NOTE * len(lines)) / 2
    place: dict[str, Any] = {
        "x": _LABEL - 12,
        "ha": "right",
        "va": "top",
        "transform": IdentityTransform(),
    }
    name = figure.text(y=top, s=shortened(label, _NAME), color=INK, fontsize=8, **place)
    too_wide = name.get_window_extent().width / (_LABEL - 20)
    if too_wide > 1:
        name.set_fontsize(8 / too_wide)
    figure.text(y=top - _LINE_LABEL, s="\n".join(lines), color=MUTED, fontsize=6.5, **place)
