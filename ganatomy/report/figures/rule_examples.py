"""Images of which a rule holds beside images of which it does not."""

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.report.figures.canvas import INK, NARROW_IN, canvas, is_narrow, pixels, without_frame
from ganatomy.report.figures.labels import wrapped

_WIDTH_IN = 8.2
_LARGEST_IN = 0.95  # of an image's width
_BETWEEN_IN, _GAP_IN, _LINE_IN = 0.3, 0.04, 0.15
_ACROSS = 4
_LETTER_IN = 0.075
Group = tuple[str, torch.Tensor]


def rule_examples(groups: Sequence[Group], *, are_pairs: bool = False) -> NDArray[np.uint8]:
    """Draw groups of images beside one another, each below its label.

    Parameters
    ----------
    groups : sequence of (str, Tensor of shape (k, c, h, w), uint8)
        What the images of a group have in common, and the images: none, or of one shape in all.
        Channels that are neither grey nor in colour are shown as their mean.
    are_pairs : bool
        The images of all groups belong together by their places: groups are rows then.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Groups stand below one another on a narrow screen.
    """
    width = NARROW_IN if is_narrow() else _WIDTH_IN
    beside = 1 if are_pairs or is_narrow() else len(groups)
    panel = (width - (beside - 1) * _BETWEEN_IN) / beside
    most = max((len(images) for _, images in groups), default=0)
    across = max(1, min(most, 2 * _ACROSS if beside == 1 and not is_narrow() else _ACROSS))
    if are_pairs:
        across = max(1, min(most, _ACROSS if is_narrow() else 2 * _ACROSS))
    tall, wide = groups[0][1].shape[-2:]
    cell = min(panel / across, _LARGEST_IN)
    down = (cell - _GAP_IN) * tall / wide + _GAP_IN
    rows = max(1, ceil(min(most, _shown(across, are_pairs)) / across))
    labels = [wrapped(label, int(panel / _LETTER_IN)) for label, _ in groups]
    head = _LINE_IN * (1 + max(label.count("\n") + 1 for label in labels))
    step = head + rows * down
    height = step * ceil(len(groups) / beside)
    with canvas(width, height) as figure:
        figure.set_layout_engine("none")
        for place, (label, (_, images)) in enumerate(zip(labels, groups)):
            left, top = (place % beside) * (panel + _BETWEEN_IN), (place // beside) * step
            at = (left / width, 1 - (top + head - 0.4 * _LINE_IN) / height)
            figure.text(*at, label, ha="left", va="bottom", fontsize=8, color=INK)
            for number, image in enumerate(images[: rows * across]):
                corner = (
                    left + (number % across) * cell,
                    top + head + (number // across) * down,
                )
                _draw(figure, image, corner, (cell - _GAP_IN, down - _GAP_IN), (width, height))
        return pixels(figure)


def _shown(across: int, are_pairs: bool) -> int:
    return across if are_pairs else 2 * across


def _draw(
    figure: Figure,
    image: torch.Tensor,
    corner: tuple[float, float],
    size: tuple[float, float],
    whole: tuple[float, float],
) -> None:
    """One image, its upper left corner so many inches from that of the figure."""
    (left, top), (wide, tall), (width, height) = corner, size, whole
    place = (left / width, 1 - (top + tall) / height, wide / width, tall / height)
    axis = figure.add_axes(place)
    shown = in_colours(image[None])[0].permute(1, 2, 0).cpu().numpy()
    grey = shown.shape[-1] == 1
    axis.imshow(shown[..., 0] if grey else shown, cmap="gray", vmin=0, vmax=255)
    without_frame(axis)
