"""The most suspicious fakes, each above the training images that it may have been copied from."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.report.figures.canvas import (
    INK,
    MUTED,
    canvas,
    is_narrow,
    pixels,
    row_label,
    without_frame,
)
from ganatomy.report.figures.colours import ALARM

_CELL_IN = 0.95
_LABEL_IN = 1.0
_NARROW_COUNT = 3  # fakes that a narrow screen has room for


def suspects_sheet(
    fakes: torch.Tensor,
    nearest: Mapping[str, torch.Tensor],
    numbers: Sequence[int],
    *,
    ratios: Mapping[str, Sequence[float]],
) -> NDArray[np.uint8]:
    """Draw fakes in the first row; below, the nearest training images, one row for each space.

    Above a training image stands the ratio of its distance to the threshold, in red below 1.

    Parameters
    ----------
    fakes : Tensor of shape (k, c, h, w), uint8
        At least one. A narrow screen is shown the first three.
    nearest : mapping of str to Tensor of shape (k, c, h, w), uint8
        Each fake's nearest training image, by space.
    numbers : sequence of int
        What the fakes are called by.
    ratios : mapping of str to sequence of float
        Of each fake, by space.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    most = _NARROW_COUNT if is_narrow() else len(fakes)
    fakes, numbers = fakes[:most], numbers[:most]
    count, rows = len(fakes), len(nearest) + 1
    with canvas(_LABEL_IN + count * _CELL_IN, rows * (_CELL_IN + 0.2)) as figure:
        axes = figure.subplots(rows, count, squeeze=False)
        for column, number in enumerate(numbers):
            _picture(axes[0, column], fakes[column], f"#{number}", MUTED)
        row_label(axes[0, 0], "generated")
        for row, (space, images) in enumerate(nearest.items(), start=1):
            for column, ratio in enumerate(ratios[space][:most]):
                colour = ALARM if ratio < 1 else INK
                _picture(axes[row, column], images[column], f"{ratio:.2f}", colour)
            row_label(axes[row, 0], f"nearest\ntraining image\nby {space}")
        return pixels(figure)


def _picture(axis: Axes, image: torch.Tensor, title: str, colour: str) -> None:
    shown = in_colours(image[None])[0].permute(1, 2, 0).cpu().numpy()
    grey = shown.shape[-1] == 1
    axis.imshow(shown.squeeze(-1) if grey else shown, cmap="gray", vmin=0, vmax=255)
    axis.set_title(title, fontsize=8, fontweight="normal", loc="center", color=colour)
    without_frame(axis)
