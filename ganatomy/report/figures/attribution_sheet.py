"""Attributions over the images that they explain."""

import textwrap

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.report.figures.canvas import (
    DIVERGING,
    MUTED,
    WARM,
    canvas,
    pixels,
    row_label,
    without_frame,
)

_CELL_IN = 0.95
_LABEL_IN = 1.0


def attribution_sheet(
    images: torch.Tensor,
    maps: dict[str, torch.Tensor],
    scores: torch.Tensor,
    *,
    notes: list[str] | None = None,
    refusals: dict[str, list[str]] | None = None,
    limits: dict[str, float] | None = None,
) -> NDArray[np.uint8]:
    """Draw images in a row, and below it heatmaps over them, a row for each entry of `maps`.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
        Their channels' mean is shown where they are neither grey nor in colour.
    maps : dict of str to Tensor of shape (n, h, w)
        Signed attributions. Colours span the largest magnitude of a row, symmetric about zero, so
        images of a row can be compared with each other and a row of faint maps looks faint.
    scores : Tensor of shape (n,)
        The target's value, written above each image.
    notes : list of str, optional
        Written below each column.
    refusals : dict of str to list of str, optional
        For entries of `maps` the reason why each image has none, which then stands in its place;
        empty where it has one.
    limits : dict of str to float, optional
        The magnitude that a row's colours span, where several sheets are to be compared.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    count, rows = len(images), len(maps) + 1
    images = in_colours(images)
    shown = ((images + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    width, height = _LABEL_IN + count * _CELL_IN, rows * _CELL_IN + 0.35
    with canvas(width, height) as figure:
        axes = figure.subplots(rows, count, squeeze=False)
        for column in range(count):
            _picture(axes[0, column], shown[column])
            axes[0, column].set_title(
                f"{float(scores[column]):+.2f}", fontsize=8, fontweight="normal", loc="center"
            )
        row_label(axes[0, 0], "image\n(logit above)")
        for row, (name, attributions) in enumerate(maps.items(), start=1):
            reasons = (refusals or {}).get(name, [])[:count] or [""] * count
            told = torch.tensor([not reason for reason in reasons])
            limit = float(attributions[told].abs().max()) if bool(told.any()) else 0.0
            limit = (limits or {}).get(name, limit) or 1.0
            for column in range(count):
                axis = axes[row, column]
                if reasons[column]:
                    _reason(axis, reasons, column)
                    continue
                _picture(axis, shown[column].mean(-1), alpha=0.35)
                axis.imshow(
                    attributions[column].cpu().numpy(),
                    cmap=DIVERGING,
                    vmin=-limit,
                    vmax=limit,
                    alpha=0.75,
                )
            scale = f"\n±{limit:.2g}" if bool(told.any()) else ""
            row_label(axes[row, 0], f"{name}{scale}")
        for column, note in enumerate(notes or []):
            axes[-1, column].set_xlabel(note, fontsize=7, color=MUTED)
        return pixels(figure)


def _picture(axis: Axes, image: NDArray[np.float32], alpha: float = 1.0) -> None:
    grey = image.ndim == 2 or image.shape[-1] == 1
    axis.imshow(image.squeeze() if grey else image, cmap="gray", vmin=0, vmax=1, alpha=alpha)
    without_frame(axis)


def _reason(axis: Axes, reasons: list[str], column: int) -> None:
    """In words, in place of a map; once, across the row, where it is the same for all."""
    without_frame(axis)
    axis.patch.set_visible(False)  # it would cover what the first cell says
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    if len(set(reasons)) > 1 or len(reasons) == 1:
        text, x, across = reasons[column], 0.5, 1
    elif column == 0:
        text, x, across = reasons[0], 0.03, len(reasons)
    else:
        return
    size = 5.5 if across == 1 else 7.3
    axis.text(
        x,
        0.5,
        textwrap.fill(text, 20 * across),
        ha="center" if across == 1 else "left",
        va="center",
        fontsize=size,
        color=WARM,
    ).set_in_layout(False)
