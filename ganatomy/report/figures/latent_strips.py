"""Images on the way between latents, and on either side of a tear."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.explain.topology.latent_topology import LatentTopology
from ganatomy.report.figures.canvas import INK, MUTED, canvas, pixels, without_frame

_CELL_IN, _GAP_IN, _LINE_IN, _LABEL_IN = 0.76, 0.05, 0.2, 0.7
_PAIR_IN = 0.3


def strips_sheet(latents: LatentTopology) -> NDArray[np.uint8] | None:
    """Draw images along the first ways, and under each the class that the evaluator sees.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        None where there are no ways.
    """
    if not len(latents.strips):
        return None
    count, columns = latents.strips.shape[:2]
    pitch = _CELL_IN + _LINE_IN
    lefts = [_LABEL_IN + column * (_CELL_IN + _GAP_IN) for column in range(columns)]
    places = [(left, row * pitch) for row in range(count) for left in lefts]
    notes = [note for row in range(count) for note in _classes(latents, row + 1, columns)]
    titles = [(0.04, row * pitch + 0.3, f"way {row + 1}") for row in range(count)]
    size = (lefts[-1] + _CELL_IN + _GAP_IN, count * pitch)
    return _drawn(latents.strips.flatten(0, 1), size, places, notes, titles)


def _classes(latents: LatentTopology, path: int, columns: int) -> list[str]:
    own = latents.steps[latents.steps["path"] == path]
    places = np.linspace(0, len(own) - 1, columns).round().astype(int)
    return [str(own["label"].iloc[place]) for place in places]


def tears_sheet(latents: LatentTopology) -> NDArray[np.uint8] | None:
    """Draw the images on either side of the largest tears, with where they lie.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        None where there are none.
    """
    if not len(latents.beside):
        return None
    rows = latents.tears.head(len(latents.beside)).to_dict("records")
    across = min(3, len(rows))
    wide = 2 * _CELL_IN + _GAP_IN + _PAIR_IN
    pitch = _CELL_IN + 2 * _LINE_IN + 0.05
    places, notes, titles = [], [], []
    for number, row in enumerate(rows):
        left, top = _GAP_IN + number % across * wide, number // across * pitch
        titles.append((left, top + 0.03, f"way {row['path']}, t = {row['t']:.4f}"))
        for side, name in enumerate(("before", "after")):
            places.append((left + side * (_CELL_IN + _GAP_IN), top + _LINE_IN))
            notes.append(str(row[name]))
    size = (max(2.0, across * wide), -(-len(rows) // across) * pitch)
    return _drawn(latents.beside.flatten(0, 1), size, places, notes, titles)


def _drawn(
    images: torch.Tensor,
    size: tuple[float, float],
    places: Sequence[tuple[float, float]],
    notes: Sequence[str],
    titles: Sequence[tuple[float, float, str]],
) -> NDArray[np.uint8]:
    """Put images at places from the upper left corner, in inches, with a note under each."""
    width, height = size
    shown = in_colours(images).permute(0, 2, 3, 1).numpy()
    with canvas(width, height) as figure:
        figure.set_layout_engine("none")
        for image, (left, top), note in zip(shown, places, notes):
            bottom = 1 - (top + _CELL_IN) / height
            box = (left / width, bottom, _CELL_IN / width, _CELL_IN / height)
            axis = figure.add_axes(box)
            grey = image.shape[-1] == 1
            axis.imshow(image[..., 0] if grey else image, cmap="gray", vmin=0, vmax=255)
            without_frame(axis)
            at = ((left + _CELL_IN / 2) / width, bottom - 0.02 / height)
            figure.text(*at, note, ha="center", va="top", fontsize=7.5, color=MUTED)
        for left, top, text in titles:
            figure.text(left / width, 1 - top / height, text, va="top", fontsize=8, color=INK)
        return pixels(figure)
