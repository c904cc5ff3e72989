"""The images of a training at some of its steps, below each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import canvas, pixels, row_label, without_frame

_WIDTH_IN = 6.4
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
    strips = [frame[: -(-frame.shape[1] // columns)] for frame in frames]
    height, width = strips[0].shape[:2]
    with canvas(_WIDTH_IN, len(strips) * (_WIDTH_IN - _LABEL_IN) * height / width) as figure:
        figure.get_layout_engine().set(h_pad=0, hspace=0)  # type: ignore[union-attr]
        axes = figure.subplots(len(strips), 1, squeeze=False)
        for axis, strip, label in zip(axes[:, 0], strips, labels):
            axis.imshow(strip)
            without_frame(axis)
            row_label(axis, label)
        return pixels(figure)
