"""One image file, whatever it holds: decoded within bounds, or refused with the reason.

Nothing here trusts a file's name. The first bytes say which format it has, and only the decoder of
that format, one of `FORMATS`, sees the rest.
"""

import io
import os
import signal
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from ganatomy.data.choices import Size
from ganatomy.data.deep_colour import deep_colours
from ganatomy.data.formats import HEAD_BYTES, format_of, refusal_of
from ganatomy.data.resizing import is_reshaped, resize
from ganatomy.data.shape import sides
from ganatomy.data.values import DEEPEST, Facts, Treatment, look_through, windowed

_MAX_BYTES_PER_PIXEL = 16  # an uncompressed RGBA image of 32 bits a channel
_ROOM_BYTES = 1 << 24  # for what else a file holds: metadata, profiles, previews
_AGAIN_S = 1.0  # a decoder may swallow the first alarm
_BLOCK_BYTES = 1 << 13  # fed at a time; between blocks a decoder can be interrupted
_ORIENTATION = 0x0112
_WHITE_IS_ZERO = 0
_SAMPLES = 277
_RGB, _RGBA = 3, 4
_ARRAY = b"\x93NUMPY"
_PHOTOMETRIC = 262
_BITS, _PLANAR, _APART = 258, 284, 2
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Refused(ValueError):
    """An image that is not used, and why: one line, without the file's name."""


@dataclass(frozen=True)
class Limits:
    """Bounds on the resources that one image may take.

    Attributes
    ----------
    max_pixels : int
        Width times height; a larger image is refused before it is decoded. Bounds the memory:
        at most about 30 bytes a pixel, and the file's own size, are held at a time.
    max_seconds : float
        Time to decode. Kept in the main thread only. A decoder is interrupted between the blocks
        that it is fed, so a file may take a few seconds more.
    """

    max_pixels: int = 50_000_000
    max_seconds: float = 60.0


DEFAULT_LIMITS = Limits()
AS_IT_IS = Treatment()


def read_content(path: Path, max_pixels: int) -> bytes:
    """Read a file whole; `Refused` if it is no regular file, empty or larger than any image."""
    # a FIFO without a writer would block the opening itself
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise Refused("not a regular file")
        if about.st_size == 0:
            raise Refused("empty file")
        most = max_bytes(max_pixels)
        if about.st_size > most:
            raise Refused(f"{about.st_size} bytes, more than an image of max_pixels={max_pixels}")
        return _read_up_to(handle, about.st_size, most + 1)
    finally:
        os.close(handle)


def _read_up_to(handle: int, expected: int, most: int) -> bytes:
    """Read to the end, wherever it is by now; no room is made for more than is expected."""
    parts = [os.read(handle, min(expected + 1, most))]
    while parts[-1] and (left := most - sum(map(len, parts))):
        parts.append(os.read(handle, min(expected + 1, left)))
    return b"".join(parts)


def max_bytes(max_pixels: int) -> int:
    """Return how large the file of an image of so many pixels may be."""
    return _MAX_BYTES_PER_PIXEL * max_pixels + _ROOM_BYTES


def check_image(content: bytes, limits: Limits) -> None:
    """Decode an image and forget it: raises as `read_image` would, but is faster on large JPEGs."""
    with _opened(content, limits) as image:
        image.draft(None, (1, 1))  # for JPEG: all is parsed, an eighth of it computed
        image.load()


def size_of(content: bytes, limits: Limits) -> tuple[int, int]:
    """Read from an image's header how wide and how high it is; raises as `read_image` would."""
    if is_array(content):
        height, width, _ = _array(content).shape
        return width, height
    with _opened(content, limits) as image:
        return image.size


class Picture(NamedTuple):
    """A file's pixels, of shape (h, w, c), uint8, and what it holds beside them."""

    pixels: NDArray[np.uint8]
    facts: Facts


def read_image(
    content: bytes, size: Size, limits: Limits, treatment: Treatment = AS_IT_IS
) -> Picture:
    """Decode one image, upright, of that size.

    Parameters
    ----------
    content : bytes
        A whole file of one of the formats, of several frames the first is taken; or of NumPy's, an
        array of shape (h, w, c).
    size : int or tuple of two int
        It is resized to it, as `treatment` says.
    limits : Limits
    treatment : Treatment

    Raises
    ------
    Exception
        Of any kind, because decoders raise any kind; `reason_of` puts it in words.
    """
    if is_array(content):
        return _of_array(content, size, limits, treatment)
    with _opened(content, limits) as opened:
        if treatment.num_channels not in (_RGB, _RGBA):
            raise Refused(f"a picture, where others have {treatment.num_channels} channels")
        _check_bands(opened, treatment)
        _check_planes(opened)
        colours = deep_colours(content, opened)  # first: to look for EXIF loads a PNG
        orientation = _orientation(opened)
        if colours is None:
            image, levels = _eight_bits(opened, treatment)
        else:
            image, levels = _eight_bits_of_colours(colours, treatment)
        if orientation in _TURNS:
            image = image.transpose(_TURNS[orientation])
        image, is_transparent, lost_on = _opaque(image, treatment)
        pixels, shape = _pixels(image, treatment), sides(size)
        facts = Facts(
            levels, is_transparent, lost_on, _has_frames(opened), is_reshaped(pixels, shape)
        )
        pixels = resize(pixels, shape, treatment.fit, fill=_frame(treatment))
        if pixels.shape[2] != treatment.num_channels:
            pixels = np.broadcast_to(pixels, (*shape, treatment.num_channels))
        return Picture(pixels, facts)


def is_array(content: bytes) -> bool:
    """Say whether a file is NumPy's."""
    return content.startswith(_ARRAY)


def channels_of(content: bytes) -> int:
    """Count the channels of an array's file; 4 for a picture, which may be transparent."""
    return int(_array(content).shape[2]) if is_array(content) else _RGBA


def _array(content: bytes) -> NDArray[Any]:
    pixels: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    if pixels.ndim != 3 or pixels.dtype not in (np.uint8, np.uint16):
        raise Refused(f"an array of {pixels.dtype} of shape {pixels.shape}: no image")
    return pixels


def _of_array(content: bytes, size: Size, limits: Limits, treatment: Treatment) -> Picture:
    pixels, shape = _array(content), sides(size)
    height, width, count = pixels.shape
    if height * width > limits.max_pixels:
        raise Refused(f"{width} x {height} pixels, more than max_pixels={limits.max_pixels}")
    if count != treatment.num_channels:
        raise Refused(f"{count} channels: `channels=all` keeps them, if all images have as many")
    levels = None
    if pixels.dtype == np.uint16:
        levels = float(pixels.min()), float(pixels.max())
        pixels = windowed(pixels, treatment.window)
    facts = Facts(levels, is_reshaped=is_reshaped(pixels, shape))
    return Picture(resize(pixels, shape, treatment.fit, fill=treatment.background), facts)


def reason_of(error: Exception) -> str:
    """Say on one line why an image is refused."""
    if isinstance(error, UnidentifiedImageError):
        return "damaged: its header cannot be read"
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    if isinstance(error, Refused | TimeoutError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, Image.DecompressionBombError):
        return f"more pixels than {2 * (Image.MAX_IMAGE_PIXELS or 0)}, the decoder's own limit"
    if isinstance(error, OSError | ValueError | SyntaxError) and str(error):
        return " ".join(str(error).split())
    return f"damaged ({' '.join(f'{type(error).__name__}: {error}'.split())})"


@contextmanager
def _opened(content: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The image, its header read and its size known to be within bounds."""
    head = content[:HEAD_BYTES]
    if reason := refusal_of(head):
        raise Refused(reason)
    with warnings.catch_warnings(), _within(limits.max_seconds):
        warnings.simplefilter("ignore")  # of sizes, which max_pixels decides, and odd metadata
        with Image.open(io.BytesIO(content), formats=[str(format_of(head))]) as image:
            width, height = image.size
            if width * height > limits.max_pixels:
                raise Refused(
                    f"{width} x {height} pixels, more than max_pixels={limits.max_pixels}"
                )
            if isinstance(image, ImageFile.ImageFile):
                image.decodermaxblock = _BLOCK_BYTES
            yield image


def _orientation(image: Image.Image) -> int | None:
    """Read EXIF's orientation; None where there is none that can be read. TIFF turns itself."""
    if image.format == "TIFF":
        return None
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # metadata can be damaged in any way; the pixels are checked by themselves
        return None
    return orientation if isinstance(orientation, int) else None


def _eight_bits(
    image: Image.Image, treatment: Treatment
) -> tuple[Image.Image, tuple[float, float] | None]:
    """The same image with at most 8 bits a channel, and which levels it had if it had more."""
    if image.mode in ("F", "I"):
        if treatment.window is None:
            raise Refused("32 bits a pixel without a stated range: state it, or convert to 16 bits")
        deep = np.asarray(image)
        if not np.isfinite(deep).all():
            raise Refused("pixels that are no numbers")
    elif image.mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.uint16)
        if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            deep = DEEPEST - deep
    else:
        return image, None
    levels = float(deep.min()), float(deep.max())
    return Image.fromarray(windowed(deep, treatment.window)), levels


def _eight_bits_of_colours(
    deep: NDArray[np.uint16], treatment: Treatment
) -> tuple[Image.Image, tuple[float, float]]:
    """The same, of colours: they have one window, and opacity its whole range."""
    colours, opacity = deep[..., :3], deep[..., 3:]
    pixels = np.concatenate([windowed(colours, treatment.window), windowed(opacity, None)], 2)
    return Image.fromarray(pixels), (float(colours.min()), float(colours.max()))


def _check_bands(image: Image.Image, treatment: Treatment) -> None:
    """Refuse to keep all channels of a TIFF that has more than the decoder reads."""
    count = getattr(image, "tag_v2", {}).get(_SAMPLES, 1)
    if treatment.num_channels == _RGBA and count > _RGBA:
        raise Refused(f"{count} channels, of which 4 can be read: give arrays (.npy, .npz)")


def _check_planes(image: Image.Image) -> None:
    """Refuse a TIFF of more than 8 bits with a plane for each colour: the decoder mixes them up."""
    tags = getattr(image, "tag_v2", {})
    if tags.get(_PLANAR) == _APART and max(tags.get(_BITS, (8,))) > 8 and tags.get(_SAMPLES, 1) > 1:
        raise Refused(
            "a TIFF of 16 bits with its colours in planes apart: save them pixel by pixel, or give "
            "arrays (.npy, .npz)"
        )


def _opaque(image: Image.Image, treatment: Treatment) -> tuple[Image.Image, bool, tuple[int, ...]]:
    """The same image on its background, whether it shows through, and where the rest is lost."""
    if not {"A", "a"} & set(image.getbands()) and "transparency" not in image.info:
        return image, False, ()
    image = image.convert("RGBA")
    if treatment.num_channels == _RGBA:
        return image, look_through(image)[0], ()
    ground = Image.new("RGBA", image.size, (*[treatment.background] * 3, 255))
    return Image.alpha_composite(ground, image), *look_through(image)


def _pixels(image: Image.Image, treatment: Treatment) -> NDArray[np.uint8]:
    """The pixels, (h, w, c): as many channels as wanted, or one that stands for three."""
    if treatment.num_channels == _RGBA:
        return np.asarray(image if image.mode == "RGBA" else image.convert("RGB").convert("RGBA"))
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))[..., None]
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _frame(treatment: Treatment) -> int | tuple[int, ...]:
    """The values around an image that does not fill its shape: nothing, if that can be."""
    is_opaque = treatment.num_channels != _RGBA
    return treatment.background if is_opaque else (*[treatment.background] * 3, 0)


def _has_frames(image: Image.Image) -> bool:
    """Say whether there are more frames or pages; a JPEG's previews are neither."""
    if image.format in ("JPEG", "MPO"):
        return False
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # what comes after the first frame can be damaged in any way
        return False


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes longer; without a bound in other threads."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def late(*_: object) -> NoReturn:
        raise TimeoutError(f"not decoded within {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, late)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
