"""Changes of an image that should not matter to D, or that show what it was fed with."""

import io
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from ganatomy.data.images import to_float, to_uint8

_JPEG_QUALITY = 95
_SMALLER = 3 / 4  # of the side, and back
_MODES = {1: "L", 3: "RGB"}

Change = Callable[[torch.Tensor], torch.Tensor]


class Feed(NamedTuple):
    """Another way in which images are given to a network.

    Attributes
    ----------
    words : str
        What it is, after "with".
    change : callable
        Images (n, c, h, w) as they are given now, to these.
    remedy : str
        What to do where D was trained on such images, as an order; "" where nobody can be told.
    parts : int
        In how many ways it differs: the simplest that fits is named.
    """

    words: str
    change: Change
    remedy: str = ""
    parts: int = 1


def _saved_as_jpeg(images: torch.Tensor) -> torch.Tensor:
    pixels = to_uint8(images).permute(0, 2, 3, 1).numpy()
    mode = _MODES[pixels.shape[-1]]
    again = np.stack([_through_jpeg(each.squeeze(-1) if mode == "L" else each) for each in pixels])
    return to_float(torch.from_numpy(again.reshape(pixels.shape)).permute(0, 3, 1, 2).contiguous())


def _through_jpeg(pixels: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return np.asarray(Image.open(buffer))


def _moved_by_half_a_pixel(images: torch.Tensor) -> torch.Tensor:
    return (images + torch.cat([images[..., :1], images[..., :-1]], -1)) / 2


def _resized_and_back(images: torch.Tensor) -> torch.Tensor:
    size = images.shape[-2:]
    small = [max(1, round(side * _SMALLER)) for side in size]
    smaller = functional.interpolate(images, small, mode="bicubic", antialias=True)
    return functional.interpolate(smaller, size, mode="bilinear", antialias=True).clamp(-1, 1)


def _in_other_order(images: torch.Tensor) -> torch.Tensor:
    return images.flip(1)


def _from_0_to_1(images: torch.Tensor) -> torch.Tensor:
    return (images + 1) / 2


HARMLESS: dict[str, tuple[str, Change]] = {
    "jpeg": ("saved as JPEG of quality 95", _saved_as_jpeg),
    "shift": ("moved by half a pixel", _moved_by_half_a_pixel),
    "resize": ("resized to three quarters and back, by other filters", _resized_and_back),
}
"""What leaves a real image real: words, and the change of (n, c, h, w) in [-1, 1]."""
FEEDS: dict[str, Feed] = {
    "order": Feed("channels in reversed order", _in_other_order),
    "range": Feed("values in [0, 1]", _from_0_to_1),
}
"""Other ways in which images are given to networks, of which nothing else is known."""


def harmless_for(channels: int) -> dict[str, Change]:
    """Choose the changes of `HARMLESS` that images of so many channels can undergo."""
    return {
        name: change
        for name, (_, change) in HARMLESS.items()
        if name != "jpeg" or channels in _MODES
    }


def feeds_for(channels: int, feeds: Mapping[str, Feed] | None = None) -> dict[str, Feed]:
    """Choose the other ways to give images of so many channels: an order only of three."""
    if feeds is not None:
        return dict(feeds)
    return {name: each for name, each in FEEDS.items() if name != "order" or channels == 3}
