"""Arrays that are images: which axis holds channels, and which numbers mean black and white.

No array says either, so both follow from rules, and what was taken for what is said.
"""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data.deep_colour import deep_png
from ganatomy.data.images import to_uint8
from ganatomy.data.reading import Refused

CHANNELS = (1, 3, 4)  # grey, RGB, RGBA
_MORE = (2, *range(5, 17))  # which no picture has
_SLACK = 1e-3  # beyond a range: rounding
_CLEARLY_NEGATIVE = -0.1
_Pixels = NDArray[np.uint8] | NDArray[np.uint16]


class Span(NamedTuple):
    """Least and largest value of some images; NaN where one is no number."""

    low: float
    high: float

    @staticmethod
    def of(values: NDArray[Any]) -> "Span":
        """Measure an array that is not empty."""
        return Span(float(values.min()), float(values.max()))

    def with_(self, other: "Span") -> "Span":
        """Return the span of both."""
        both = np.array([self, other])
        return Span(float(both[:, 0].min()), float(both[:, 1].max()))


class ValueRule(NamedTuple):
    """Meaning of the numbers in a data set's images.

    Attributes
    ----------
    name : str in {"levels", "deep", "yes or no", "unit", "signed", "levels in floats"}
    words : str
        For the reader.
    low, high : float
        Values outside are refused; `_SLACK` beyond is clamped.
    """

    name: str
    words: str
    low: float
    high: float

    def pixels(self, values: NDArray[Any]) -> _Pixels:
        """Turn values into levels, uint8 or uint16, of the same shape.

        Raises
        ------
        Refused
            A value lies outside the rule's range, or is no number.
        """
        span = Span.of(values)
        if not (self.low - _SLACK <= span.low and span.high <= self.high + _SLACK):  # NaN too
            raise Refused(f"values from {span.low:g} to {span.high:g}, but {self.words}")
        if self.name == "deep":
            return values.astype(np.uint16)
        if self.name == "signed":
            return to_uint8(torch.from_numpy(values.astype(np.float64))).numpy()
        scale = 255 if self.name in ("unit", "yes or no") else 1
        return np.rint(values.astype(np.float64) * scale).clip(0, 255).astype(np.uint8)


_LEVELS = ValueRule("levels", "whole numbers from 0 (black) to 255 (white)", 0, 255)
_DEEP = ValueRule("deep", "whole numbers from 0 (black) to 65535 (white)", 0, 65535)
_YES_OR_NO = ValueRule("yes or no", "true is white", 0, 1)
_UNIT = ValueRule("unit", "numbers from 0 (black) to 1 (white)", 0, 1)
_SIGNED = ValueRule("signed", "numbers from -1 (black) to 1 (white)", -1, 1)
_LEVELS_IN_FLOATS = ValueRule("levels in floats", "numbers from 0 (black) to 255 (white)", 0, 255)


def value_rule(dtype: np.dtype[Any], span: Span) -> ValueRule:
    """Find what the values of a data set mean, by their type and the span of all of them.

    uint8 is 0 to 255 and uint16 is 0 to 65535, whichever of them occur. Other whole numbers are the
    first of both that holds them. Floats that go below -0.1 are -1 to 1; else they are 0 to 1, or
    0 to 255 if one is above 1.

    Raises
    ------
    Refused
        The values fit none of these, or some are no numbers.

    Examples
    --------
    >>> value_rule(np.dtype("float32"), Span(-0.9, 0.8)).name
    'signed'
    """
    if dtype == np.bool_:
        return _YES_OR_NO
    if dtype.kind in "ui" and dtype.itemsize <= 2 and dtype.kind == "u":
        return _LEVELS if dtype.itemsize == 1 else _DEEP
    if dtype.kind in "ui":
        rules = [_LEVELS, _DEEP]
    elif dtype.kind == "f":
        rules = [_SIGNED] if span.low < _CLEARLY_NEGATIVE else [_UNIT, _LEVELS_IN_FLOATS]
    else:
        raise Refused(f"values of type {dtype}, which are no levels")
    for rule in rules:
        if rule.low - _SLACK <= span.low and span.high <= rule.high + _SLACK:
            return rule
    wanted = " or ".join(
        f"{rule.low:g} to {rule.high:g}" for rule in (*rules, *([_SIGNED] * (len(rules) > 1)))
    )
    raise Refused(f"values from {span.low:g} to {span.high:g}: {wanted} can be read")


def channel_axis(shape: Sequence[int]) -> int | None:
    """Find the axis of channels in the shape of one image: None for (h, w).

    Of three axes it is the first or the last one, whichever has 1, 3 or 4 places; if neither has,
    whichever has 2 or 5 to 16.

    Raises
    ------
    Refused
        Both have, or neither, or there are not two or three axes.

    Examples
    --------
    >>> channel_axis((28, 28)), channel_axis((3, 64, 64)), channel_axis((64, 48, 3))
    (None, 0, 2)
    """
    told = f"images of shape ({', '.join(map(str, shape))})"
    if len(shape) == 2:
        return None
    if len(shape) != 3:
        raise Refused(f"{told}: (h, w), (h, w, c) or (c, h, w) can be read")
    found = [axis for axis in (0, 2) if shape[axis] in CHANNELS]
    found = found or [axis for axis in (0, 2) if shape[axis] in _MORE]
    if len(found) != 1:
        which = "both the first and the last axis" if found else "no axis"
        raise Refused(f"{told}: {which} could be 1 (grey), 3 (RGB), 4 (RGBA) or up to 16 channels")
    return found[0]


def image_file(image: NDArray[Any]) -> bytes:
    """Write pixels of shape (h, w), (h, w, c) or (c, h, w) as a file, without any loss.

    PNG where it has as many channels, else NumPy's, of shape (h, w, c). 16 bits stay so.
    """
    axis = channel_axis(image.shape)
    pixels = image if axis is None else np.moveaxis(image, axis, -1)
    if axis is not None and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    buffer = io.BytesIO()
    if pixels.ndim == 3 and pixels.shape[-1] not in CHANNELS:
        np.save(buffer, np.ascontiguousarray(pixels), allow_pickle=False)
        return buffer.getvalue()
    if pixels.dtype == np.uint16 and pixels.ndim == 3:
        return deep_png(pixels)
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
