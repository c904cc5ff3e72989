"""The most suspicious fakes, each above the training images that it may have been copied from."""

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.metrics.copies import Suspects
from ganatomy.report.canvas import INK, MUTED, WARM, canvas, pixels, row_label, without_frame

_CELL_IN = 0.95
_LABEL_IN = 1.0


def suspects_sheet(
    fakes: torch.Tensor, train_images: torch.Tensor, suspects: Suspects
) -> NDArray[np.uint8]:
    """Fakes in the first row; below, one row for each space with the nearest training images.

    Above a training image stands the ratio of its distance to the threshold, in red below 1.

    Parameters
    ----------
    fakes, train_images : Tensor of shape (m, c, h, w) and (t, c, h, w), uint8
        All that the suspects' indices point into.
    suspects : Suspects
        Of one fake at least.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    count, rows = len(suspects.fake), len(suspects.nearest) + 1
    with canvas(_LABEL_IN + count * _CELL_IN, rows * (_CELL_IN + 0.2)) as figure:
        axes = figure.subplots(rows, count, squeeze=False)
        for column, fake in enumerate(suspects.fake.tolist()):
            _picture(axes[0, column], fakes[fake], f"#{fake}", MUTED)
        row_label(axes[0, 0], "fake")
        for row, (space, nearest) in enumerate(suspects.nearest.items(), start=1):
            ratios = suspects.ratio[space].tolist()
            for column, index in enumerate(nearest.tolist()):
                colour = WARM if ratios[column] < 1 else INK
                _picture(axes[row, column], train_images[index], f"{ratios[column]:.2f}", colour)
            row_label(axes[row, 0], f"nearest by\n{space}")
        return pixels(figure)


def _picture(axis: Axes, image: torch.Tensor, title: str, colour: str) -> None:
    shown = image.permute(1, 2, 0).cpu().numpy()
    grey = shown.shape[-1] == 1
    axis.imshow(shown.squeeze(-1) if grey else shown, cmap="gray", vmin=0, vmax=255)
    axis.set_title(title, fontsize=8, fontweight="normal", loc="center", color=colour)
    without_frame(axis)
