"""Image files as a page needs them: how large they are, a film's last picture, as an address."""

import base64
import io

from markupsafe import Markup
from PIL import Image, UnidentifiedImageError


def is_film(content: bytes) -> bool:
    """Tell a GIF file from a PNG file."""
    return content.startswith(b"GIF8")


def data_url(content: bytes) -> Markup:
    """Write a PNG or GIF file as an address that holds it whole; nobody's words are in it."""
    kind = "gif" if is_film(content) else "png"
    return Markup(f"data:image/{kind};base64," + base64.b64encode(content).decode())


def size_of(content: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels; None of what is no image file."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except UnidentifiedImageError:
        return None


def last_picture(film: bytes) -> bytes:
    """Cut the last picture out of a GIF file, as a PNG file."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(film)) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        image.convert("RGB").save(buffer, format="PNG")
    return buffer.getvalue()


def num_pictures(film: bytes) -> int:
    """Count the pictures of a GIF file."""
    with Image.open(io.BytesIO(film)) as image:
        return int(getattr(image, "n_frames", 1))
