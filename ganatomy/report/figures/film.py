"""The pictures of a training as a film."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_BYTES = 1_500_000
_FRAME_MS = 350
_LAST_MS = 3000


def film(frames: list[NDArray[np.uint8]], shrink: int = 1, max_bytes: int = MAX_BYTES) -> bytes:
    """Encode a GIF that holds its last frame, then begins anew; equal frames, equal bytes.

    When it would be too large, every second frame is left out, but never the first and last.

    Parameters
    ----------
    frames : list of ndarray of shape (h, w, 3), uint8
        In order; at least one. Grey ones keep every level, coloured ones get 256 colours each.
    shrink : int
        Every so many rows and columns make one; for frames whose pixels are blocks of equal ones.
    max_bytes : int
        Two frames may need more.
    """
    pictures = [_picture(frame[::shrink, ::shrink]) for frame in frames]
    while True:
        content = _gif(pictures)
        if len(content) <= max_bytes or len(pictures) <= 2:
            return content
        pictures = [*pictures[:-1:2], pictures[-1]]


def _picture(frame: NDArray[np.uint8]) -> Image.Image:
    if (frame == frame[..., :1]).all():
        return Image.fromarray(np.ascontiguousarray(frame[..., 0]))
    picture = Image.fromarray(np.ascontiguousarray(frame))
    return picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _gif(pictures: list[Image.Image]) -> bytes:
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=[*[_FRAME_MS] * (len(pictures) - 1), _LAST_MS],
        loop=0,
        optimize=False,  # it would write differences between frames with fewer levels
    )
    return buffer.getvalue()
