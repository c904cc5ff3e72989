"""Images as arrays: the two range conversions, contact sheets, PNG.

On disk images are uint8 in [0, 255], NCHW. In the networks they are float32 in [-1, 1], where
-1 is black and 0 is mid-grey. These two functions are the only places where one becomes the other.
"""

import io
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ganatomy.files import write_bytes
from ganatomy.marking import Mark, marked

BLACK = -1.0
Kind = Literal["png", "jpeg"]
_QUALITY = 95  # of a JPEG file


def to_float(images: torch.Tensor) -> torch.Tensor:
    """Turn uint8 images in [0, 255] into float32 in [-1, 1], of any shape.

    Examples
    --------
    >>> to_float(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """
    if images.dtype != torch.uint8:
        raise TypeError(f"expected uint8 images, got {images.dtype}")
    return images.to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """Turn float images in [-1, 1] into uint8 in [0, 255], of any shape; the rest is clamped.

    Examples
    --------
    >>> to_uint8(torch.tensor([-1.0, 1.0, 1.5]))
    tensor([  0, 255, 255], dtype=torch.uint8)
    """
    if not images.is_floating_point():
        raise TypeError(f"expected floating-point images, got {images.dtype}")
    return images.add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)


def in_colours(images: torch.Tensor) -> torch.Tensor:
    """Return what is shown of images: of four channels or more the first three, of two the first.

    As red, green and blue: of bands, false colours; of what has an opacity, its colours without it.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w)

    Returns
    -------
    Tensor of shape (n, 1 or 3, h, w)

    Examples
    --------
    >>> [in_colours(torch.zeros(2, c, 8, 8)).shape[1] for c in (1, 2, 3, 4, 16)]
    [1, 1, 3, 3, 3]
    """
    return images[:, : 3 if images.shape[1] >= 3 else 1]


def contact_sheet(
    images: torch.Tensor, columns: int, gap: int = 2, *, scale: int = 2
) -> NDArray[np.uint8]:
    """Lay images out row by row on a white sheet.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
        Shown as `in_colours`.
    columns : int
    gap : int
        White pixels between images, before scaling.
    scale : int
        Each pixel becomes scale x scale pixels.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    count, _, height, width = images.shape
    rows = -(-count // columns)
    sheet = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, dtype=np.uint8
    )
    pixels = in_colours(images).permute(0, 2, 3, 1).cpu().numpy()
    for index in range(count):
        top = gap + (index // columns) * (height + gap)
        left = gap + (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = pixels[index]
    return sheet.repeat(scale, axis=0).repeat(scale, axis=1)


def write_png(path: Path, pixels: NDArray[np.uint8], mark: Mark | None = None) -> None:
    """Write an (h, w, 3) or (h, w) uint8 array as PNG, with equal bytes for equal pixels and mark.

    Parameters
    ----------
    mark : Mark, optional
        What the file says for machines where a generator made the pixels.
    """
    write_bytes(path, encoded(pixels, "png", mark))


def encoded(pixels: NDArray[np.uint8], kind: Kind, mark: Mark | None = None) -> bytes:
    """Encode an (h, w, 3) or (h, w) uint8 array as a file, PNG without loss or JPEG with little."""
    buffer = io.BytesIO()
    how = {"optimize": False} if kind == "png" else {"quality": _QUALITY, "subsampling": 0}
    Image.fromarray(pixels).save(buffer, format=kind.upper(), **how)
    return buffer.getvalue() if mark is None else marked(buffer.getvalue(), mark)
