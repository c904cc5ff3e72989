"""Image files as a page needs them: how large they are, a film's last picture, as an address."""

import base64
import io
from functools import lru_cache

from markupsafe import Markup
from PIL import Image, UnidentifiedImageError

from ganatomy.marking import packet_of, with_packet

_WEBP_SIDE = 16_383  # pixels, the format's limit
_LITTLE_WORK = {"method": 1, "quality": 20}  # the most takes 20 % off, in more than twice the time
_REMEMBERED = 256  # a page that is laid out twice encodes its pictures once


def is_film(content: bytes) -> bool:
    """Tell a GIF file from a PNG file."""
    return content.startswith(b"GIF8")


@lru_cache(_REMEMBERED)
def data_url(content: bytes) -> Markup:
    """Write a PNG or GIF file as an address that holds it whole; nobody's words are in it.

    A PNG file becomes a lossless WebP file where that is smaller: the same pixels in about half
    as many bytes. A mark in it is kept.
    """
    if is_film(content):
        return _address("gif", content)
    smaller = _webp(content)
    return _address("png", content) if smaller is None else _address("webp", smaller)


def _address(kind: str, content: bytes) -> Markup:
    return Markup(f"data:image/{kind};base64," + base64.b64encode(content).decode())


def _webp(content: bytes) -> bytes | None:
    """Encode a PNG file as WebP without loss; None where that is no gain, or not possible."""
    buffer = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.mode not in ("L", "RGB") or max(image.size) > _WEBP_SIDE:
                return None
            xmp = packet_of(content)
            image.convert("RGB").save(buffer, "WEBP", lossless=True, xmp=xmp, **_LITTLE_WORK)
    except UnidentifiedImageError:
        return None
    return buffer.getvalue() if len(buffer.getvalue()) < len(content) else None


def size_of(content: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels; None of what is no image file."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except UnidentifiedImageError:
        return None


def last_picture(film: bytes) -> bytes:
    """Cut the last picture out of a GIF file, as a PNG file with the same mark."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(film)) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        image.convert("RGB").save(buffer, format="PNG")
    return with_packet(buffer.getvalue(), packet_of(film))


def num_pictures(film: bytes) -> int:
    """Count the pictures of a GIF file."""
    with Image.open(io.BytesIO(film)) as image:
        return int(getattr(image, "n_frames", 1))
