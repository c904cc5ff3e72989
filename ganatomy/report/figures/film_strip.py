"""The images of a training at some of its steps, below each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import canvas, is_narrow, pixels, row_label, without_frame

_WIDTH_IN, _NARROW_IN = 6.4, 3.4
_LABEL_IN = 0.8


def film_strip(
    frames: Sequence[NDArray[np.uint8]], labels: Sequence[str], columns: int
) -> NDArray[np.uint8]:
    """Draw the first row of each contact sheet, the first one on top.

    Parameters
    ----------
    frames : sequence of ndarray of shape (h, w, 3), uint8
        Contact sheets of one layout; at least one.
    labels : sequence of str
        What stands beside each.
    columns : int
        Images in a row of the sheets.
    """
    width_in = _NARROW_IN if is_narrow() else _WIDTH_IN
    strips = [frame[: -(-frame.shape[1] // columns)] for frame in frames]
    height, width = strips[0].shape[:2]
    share, label = 1 / len(strips), _LABEL_IN / width_in
    with canvas(width_in, len(strips) * (width_in - _LABEL_IN) * height / width) as figure:
        figure.set_layout_engine("none")
        for row, (strip, text) in enumerate(zip(strips, labels)):
            axis = figure.add_axes((label, 1 - (row + 1) * share, 1 - label, share))
            axis.imshow(strip, interpolation="nearest", aspect="auto")
            without_frame(axis)
            row_label(axis, text)
        return pixels(figure)
