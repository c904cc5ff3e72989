"""Colours of 16 bits a channel, of which the decoder keeps the upper 8 only.

A second decoding with the two bytes of each number taken for each other gives the lower 8. Pillow
writes no such colours either: a PNG of them is put together here.
"""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

# How the decoder calls the order of bytes in a file, and the other order; N is this machine's.
_OTHER = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBA")
    for order, other in (("B", "L"), ("L", "B"), ("N", "B" if np.little_endian else "L"))
}


def deep_colours(content: bytes, image: Image.Image) -> NDArray[np.uint16] | None:
    """Read colours whole, where there are more than 8 bits of them.

    Parameters
    ----------
    content : bytes
    image : Image
        The same, opened and not yet loaded; it is loaded then.

    Returns
    -------
    ndarray of shape (h, w, 3 or 4), uint16; None for any other image
    """
    tiles = list(image.tile) if isinstance(image, ImageFile.ImageFile) else []
    is_deep = bool(tiles) and all(_order(tile.args) in _OTHER for tile in tiles)
    image.load()
    if not is_deep or "transparency" in image.info:
        return None
    with Image.open(io.BytesIO(content), formats=[str(image.format)]) as again:
        assert isinstance(again, ImageFile.ImageFile)
        again.tile = [tile._replace(args=_reversed(tile.args)) for tile in again.tile]
        again.load()
        lower = np.asarray(again)
    upper = np.asarray(image).astype(np.uint16)
    upper <<= 8
    upper |= lower
    return upper


def _order(args: Any) -> str:
    return str(args[0] if isinstance(args, tuple) and args else args)


def _reversed(args: Any) -> Any:
    other = _OTHER[_order(args)]
    return (other, *args[1:]) if isinstance(args, tuple) else other


def deep_png(pixels: NDArray[np.uint16]) -> bytes:
    """Write RGB or RGBA of 16 bits a channel as PNG, as its specification says.

    Parameters
    ----------
    pixels : ndarray of shape (h, w, 3 or 4), uint16
    """
    height, width, count = pixels.shape
    rows = np.ascontiguousarray(pixels, dtype=">u2").view(np.uint8).reshape(height, -1)
    unfiltered = np.pad(rows, ((0, 0), (1, 0)))  # each row begins with its filter: 0, none
    colour_type = {3: 2, 4: 6}[count]
    head = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    data = zlib.compress(unfiltered.tobytes(), 1)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
        for kind, part in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    )
