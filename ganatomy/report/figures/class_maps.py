"""Where explanations look in each class: mean maps below mean images."""

import math
from collections.abc import Iterable

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import (
    BAND,
    DIVERGING,
    INK,
    MUTED,
    WARM,
    canvas,
    pixels,
    row_label,
    without_frame,
)
from ganatomy.report.figures.labels import one_line, shortened, wrapped

ACROSS = 10  # classes beside each other; further ones begin below
_WIDTH_IN = 8.2
_LABEL_IN = 1.15
_LARGEST_IN = 1.1
_NAME = 12
_MAGNITUDE = LinearSegmentedColormap.from_list("magnitude", ["#fdfdfd", "#f3c3a5", WARM, "#6b2410"])


def class_maps(
    rows: dict[str, dict[str, torch.Tensor]],
    backgrounds: dict[str, torch.Tensor],
    notes: dict[str, str] | None = None,
) -> NDArray[np.uint8]:
    """Draw a column for each class: its mean image, and below it each explanation's mean map.

    A row has one scale, from 0 to its largest magnitude, which stands at its left: classes can be
    compared with each other, explanations only by where they look. Rows without a negative value
    are magnitudes (darker: more); others are signed (red raises the target, blue lowers it). The
    thin line in a map is where the mean image is halfway between its darkest and brightest place.

    Parameters
    ----------
    rows : dict of str to dict of str to Tensor of shape (h, w)
        For each explanation the mean map of each class, as from `aggregates.per_class`, by the
        class's name. A class that it lacks, or a map that is not finite, leaves an empty place.
    backgrounds : dict of str to Tensor of shape (c, h, w), in [-1, 1]
        The mean image of each class by its name: this is which classes there are, in which order.
    notes : dict of str to str, optional
        Written below a class's column, as the number of its images.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    names = list(backgrounds)
    across = max(1, min(ACROSS, len(names)))
    blocks = max(1, math.ceil(len(names) / ACROSS))
    high = len(rows) + 1
    cell = min(_LARGEST_IN, (_WIDTH_IN - _LABEL_IN) / across)
    noted = 0.2 if notes else 0.0
    size = (_LABEL_IN + across * cell, blocks * (high * cell + 0.3 + noted))
    scales = {title: _limit(means.values()) for title, means in rows.items()}
    with canvas(*size) as figure:
        axes = figure.subplots(blocks * high, across, squeeze=False)
        for axis in axes.ravel():
            without_frame(axis)
        for place, name in enumerate(names):
            block, column = divmod(place, ACROSS)
            top = block * high
            image = backgrounds[name].double().cpu()
            _picture(axes[top, column], image)
            axes[top, column].set_title(
                shortened(name, _NAME), fontsize=8, fontweight="normal", loc="center"
            )
            for axis, (title, means) in zip(axes[top + 1 :, column], rows.items()):
                if name in means and bool(means[name].isfinite().all()):
                    _map(axis, means[name].double().cpu(), *scales[title])
                    _outline(axis, image)
            if notes and name in notes:
                axes[top + high - 1, column].set_xlabel(
                    one_line(notes[name], 2 * _NAME), fontsize=6.5, color=MUTED
                )
        for block in range(blocks):
            row_label(axes[block * high, 0], "mean image")
            for row, (title, (limit, signed)) in enumerate(scales.items(), start=1):
                scale = f"{'±' if signed else 'up to '}{limit:.2g}"
                row_label(axes[block * high + row, 0], f"{wrapped(title, 16)}\n{scale}")
        return pixels(figure)


def _limit(maps: Iterable[torch.Tensor]) -> tuple[float, bool]:
    """The largest magnitude of a row, 1 where all is 0, and whether the row has negative values."""
    finite = [mean for mean in maps if bool(mean.isfinite().all())]
    if not finite:
        return 1.0, False
    largest = max(float(mean.abs().max()) for mean in finite)
    return largest or 1.0, any(float(mean.min()) < 0 for mean in finite)


def _picture(axis: Axes, image: torch.Tensor) -> None:
    if image.shape[0] not in (1, 3):
        image = image.mean(0, keepdim=True)
    levels = ((image + 1) / 2).clamp(0, 1).expand(3, -1, -1)
    axis.imshow(levels.permute(1, 2, 0).numpy(), interpolation="nearest")


def _map(axis: Axes, mean: torch.Tensor, limit: float, signed: bool) -> None:
    axis.imshow(
        mean.numpy(),
        cmap=DIVERGING if signed else _MAGNITUDE,
        vmin=-limit if signed else 0.0,
        vmax=limit,
        interpolation="nearest",
    )
    for spine in axis.spines.values():  # else a pale map would have no edge on white
        spine.set(visible=True, color=BAND, linewidth=0.8)


def _outline(axis: Axes, image: torch.Tensor) -> None:
    brightness = image.mean(0)
    low, high = float(brightness.min()), float(brightness.max())
    if high - low > 1e-3:
        middle = np.array([(low + high) / 2])
        axis.contour(
            brightness.numpy(), middle, colors=INK, linewidths=0.6, linestyles="solid", alpha=0.6
        )
