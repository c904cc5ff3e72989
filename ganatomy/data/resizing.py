"""Images of any size brought to one: one rule, whether they come from files or from arrays.

Bicubic and antialiased, in float32, each channel by itself, rounded once: what Parmar et al.,
"On Aliased Resizing and Surprising Subtleties in GAN Evaluation" (CVPR 2022), found to be right,
done by Pillow as they do it. An image of the right size is left as it is.
"""

from typing import get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data.choices import Fit, Shape
from ganatomy.errors import InputError

_Box = tuple[float, float, float, float]


def check_fit(fit: str) -> None:
    """Refuse a `fit` that `resize` does not know."""
    if fit not in get_args(Fit):
        known = ", ".join(get_args(Fit))
        raise InputError(f"unknown choice {fit!r}", "fit", f"Use one of: {known}.")


def is_reshaped(pixels: NDArray[np.uint8], shape: Shape) -> bool:
    """Say whether an image has other proportions than those asked for."""
    height, width = pixels.shape[:2]
    return bool(height * shape[1] != width * shape[0])


def resize(
    pixels: NDArray[np.uint8], shape: Shape, fit: str, *, fill: int | tuple[int, ...] = 0
) -> NDArray[np.uint8]:
    """Bring an image to a height and width.

    Parameters
    ----------
    pixels : ndarray of shape (h, w, c), uint8
    shape : tuple of two int
        Height and width.
    fit : str in {"crop", "pad", "stretch"}
        What becomes of other proportions. ``crop``: the middle that has the right ones is kept.
        ``pad``: all is kept, in the middle of a frame. ``stretch``: all is kept, its proportions
        are not.
    fill : int in [0, 255], or as many as there are channels
        The grey, or the values, of the frame.

    Returns
    -------
    ndarray of shape (*shape, c), uint8

    Examples
    --------
    >>> wide = np.full((10, 40, 1), 9, dtype=np.uint8)
    >>> resize(wide, (20, 20), "pad")[:, 10, 0].tolist()
    [0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    if pixels.shape[:2] == shape:
        return pixels
    box, inner = _cut(pixels.shape[:2], shape, fit)
    planes = [_resampled(pixels[..., k], inner, box) for k in range(pixels.shape[2])]
    resized = np.rint(np.stack(planes, axis=-1)).clip(0, 255).astype(np.uint8)
    if inner == shape:
        return resized
    framed = np.full((*shape, pixels.shape[2]), fill, dtype=np.uint8)
    top, left = ((whole - part) // 2 for whole, part in zip(shape, inner))
    framed[top : top + inner[0], left : left + inner[1]] = resized
    return framed


def _cut(size: tuple[int, ...], shape: Shape, fit: str) -> tuple[_Box, Shape]:
    """The part of an image that is kept: left, top, right, bottom; and the shape that it gets."""
    height, width = size
    if fit == "pad":
        scale = min(shape[0] / height, shape[1] / width)
        return (0, 0, width, height), (
            max(1, round(height * scale)),
            max(1, round(width * scale)),
        )
    if fit == "stretch":
        return (0, 0, width, height), shape
    scale = min(height / shape[0], width / shape[1])
    left, top = (width - shape[1] * scale) / 2, (height - shape[0] * scale) / 2
    return (left, top, width - left, height - top), shape


def _resampled(plane: NDArray[np.uint8], shape: Shape, box: _Box) -> NDArray[np.float32]:
    image = Image.fromarray(plane.astype(np.float32))
    resized = image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC, box=box)
    pixels: NDArray[np.float32] = np.asarray(resized)
    return pixels
