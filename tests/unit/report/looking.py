"""Where a colour is in a picture."""

import numpy as np
from numpy.typing import NDArray


def is_colour(picture: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    """Pixels that have exactly this colour, of shape (height, width)."""
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return np.asarray((picture == rgb).all(2))


def runs(line: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each run of True."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
    return [(int(start), int(end)) for start, end in zip(steps[::2], steps[1::2])]


def margin_is_white(picture: NDArray[np.uint8], width: int = 2) -> bool:
    """Whether nothing touches the left, right and lower edge: then nothing is cut off there."""
    return all(
        bool((edge == 255).all())
        for edge in (picture[:, :width], picture[:, -width:], picture[-width:])
    )


def changed_box(
    before: NDArray[np.uint8], after: NDArray[np.uint8]
) -> tuple[slice, slice, NDArray[np.int64]]:
    """The rows and columns that hold all changed pixels, and (height, width) of that box."""
    where = np.argwhere((before != after).any(2))
    low, high = where.min(0), where.max(0) + 1
    return slice(low[0], high[0]), slice(low[1], high[1]), high - low
