"""Images of a generator at each step along a direction of its latents."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import canvas, is_narrow, pixels, without_frame

_WIDTH_IN, _NARROW_IN = 6.0, 3.4
_GAP_IN, _HEAD_IN = 0.04, 0.2


def direction_strip(strip: torch.Tensor, labels: Sequence[str]) -> NDArray[np.uint8]:
    """Draw one row of images for each latent, below what stands over each step.

    Parameters
    ----------
    strip : Tensor of shape (latents, steps, c, h, w), uint8
        Their channels' mean is shown where they are neither grey nor in colour.
    labels : sequence of str
        One for each step.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    if strip.shape[2] not in (1, 3):
        strip = strip.float().mean(2, keepdim=True).round().to(torch.uint8)
    rows, columns, _, tall, wide = strip.shape
    width = _NARROW_IN if is_narrow() else _WIDTH_IN
    across = width / columns
    down = (across - _GAP_IN) * tall / wide + _GAP_IN
    height = _HEAD_IN + rows * down
    shown = strip.permute(0, 1, 3, 4, 2).numpy()
    with canvas(width, height) as figure:
        figure.set_layout_engine("none")
        for column, label in enumerate(labels):
            place = ((column + 0.5) * across / width, 1 - 0.5 * _HEAD_IN / height)
            figure.text(*place, label, ha="center", va="center", fontsize=8)
            for row in range(rows):
                bottom = 1 - (_HEAD_IN + (row + 1) * down) / height
                size = ((across - _GAP_IN) / width, (down - _GAP_IN) / height)
                axis = figure.add_axes((column * across / width, bottom, *size))
                image = shown[row, column]
                grey = image.shape[-1] == 1
                axis.imshow(image[..., 0] if grey else image, cmap="gray", vmin=0, vmax=255)
                without_frame(axis)
        return pixels(figure)
