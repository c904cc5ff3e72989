"""Colours of 16 bits a channel, of which the decoder keeps the upper 8 only.

A second decoding with the two bytes of each number taken for each other gives the lower 8.
"""

import io
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
