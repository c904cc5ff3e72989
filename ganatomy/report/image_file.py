"""Image files as a page needs them: how large they are, a film's last picture, as an address."""

import base64
import io
from functools import lru_cache

from markupsafe import Markup
from PIL import Image, ImageSequence, UnidentifiedImageError

from ganatomy.marking import packet_of, with_packet

_WEBP_SIDE = 16_383  # pixels, the format's limit
_EFFORT = {"method": 4, "quality": 60}  # the most takes 3 % more off, in six times the time
_REMEMBERED = 256  # a page that is laid out twice encodes its pictures once


def is_film(content: bytes) -> bool:
    """Tell a GIF file from a PNG file."""
    return content.startswith(b"GIF8")


@lru_cache(_REMEMBERED)
def data_url(content: bytes) -> Markup:
    """Write a PNG or GIF file as an address that holds it whole; nobody's words are in it.

    It becomes a lossless WebP file where that is smaller: the same pixels, shown as long, in half
    as many bytes. A mark in it is kept.
    """
    smaller = _webp(content)
    if smaller is not None:
        return _address("webp", smaller)
    return _address("gif" if is_film(content) else "png", content)


def _address(kind: str, content: bytes) -> Markup:
    return Markup(f"data:image/{kind};base64,") + base64.b64encode(content).decode()


def _webp(content: bytes) -> bytes | None:
    """Encode a file as WebP without loss; None where that is no gain, or not possible."""
    buffer = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as image:
            if max(image.size) > _WEBP_SIDE:
                return None
            if not is_film(content) and image.mode not in ("L", "RGB"):
                return None
            pictures, durations_ms = _pictures_of(image)
    except OSError:  # no image file, or a part of one
        return None
    more = {"save_all": True, "append_images": pictures[1:], "duration": durations_ms, "loop": 0}
    film = more if len(pictures) > 1 else {}
    pictures[0].save(buffer, "WEBP", lossless=True, xmp=packet_of(content), **film, **_EFFORT)
    return buffer.getvalue() if len(buffer.getvalue()) < len(content) else None


def _pictures_of(image: Image.Image) -> tuple[list[Image.Image], list[int]]:
    """Read each picture of a file in colours, and how long it is shown, in ms."""
    pictures, durations_ms = [], []
    for picture in ImageSequence.Iterator(image):
        pictures.append(picture.convert("RGB"))
        durations_ms.append(int(picture.info.get("duration", 0)))
    return pictures, durations_ms


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
