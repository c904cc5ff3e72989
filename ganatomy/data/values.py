"""What the pixels of a folder's files become: one treatment, chosen by what all of them hold.

Levels of 16 bits become 8 by a window, and what is transparent is laid on a background. Both are
decided once over the data set, never for each image: one scale, one ground.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data.choices import AUTO, CROP, FULL, SEEN, Background, Fit, Window

BLACK, WHITE = 0, 255
DEEPEST = 65535
_NEAR = 32  # levels: what differs less from its ground is hardly seen
_BITS = 8


@dataclass(frozen=True)
class Treatment:
    """Treatment of the pixels of every file alike.

    Attributes
    ----------
    window : tuple of two float, optional
        The levels that become 0 and 255, of more than 8 bits a channel; what is beyond is clamped.
        None: the whole range of 16 bits.
    background : int in [0, 255]
        The grey that transparent pixels are laid on.
    fit : str
        As in `ganatomy.data.resizing.resize`; a frame has the grey of the background.
    num_channels : int
        3 for RGB; 4 for RGB with opacity, which is then a channel and lies on nothing; more, or 2,
        for arrays of so many.
    """

    window: tuple[float, float] | None = None
    background: int = BLACK
    fit: Fit = CROP
    num_channels: int = 3


class Facts(NamedTuple):
    """Findings on one file.

    Attributes
    ----------
    levels : tuple of two float, optional
        Least and largest level, of greys and colours of more than 8 bits.
    is_transparent : bool
        Some pixel is not opaque.
    lost_on : tuple of int
        The grounds, of black and white, on which more than half of what is visible is hardly seen.
    has_frames : bool
        It holds more images than the first.
    is_reshaped : bool
        Its proportions are not those asked for.
    """

    levels: tuple[float, float] | None = None
    is_transparent: bool = False
    lost_on: tuple[int, ...] = ()
    has_frames: bool = False
    is_reshaped: bool = False


@dataclass(frozen=True)
class Values:
    """Figures on what was done to the pixels of a data set's files.

    Attributes
    ----------
    window, background : as chosen
    treatment : Treatment
        What was decided.
    num_deep : int
        Files of more than 8 bits a channel.
    least, largest : float
        The levels seen in them; 0 without any.
    num_transparent : int
    num_lost : int
        How many of those lose more than half of what is visible in them.
    num_with_frames : int
        Files of several frames or pages.
    num_reshaped : int
        Images of other proportions than those asked for.
    num_images : int
    """

    window: Window
    background: Background
    treatment: Treatment
    num_deep: int
    least: float
    largest: float
    num_transparent: int
    num_lost: int
    num_with_frames: int
    num_reshaped: int
    num_images: int

    def card(self) -> dict[str, Any]:
        """Return all as plain values."""
        return asdict(self)


def provisional(
    window: Window, background: Background, fit: Fit, *, num_channels: int = 3
) -> Treatment:
    """Return the treatment to begin with, before it is known what the files hold."""
    seen = (0.0, 1.0) if window == SEEN else None  # whatever: it is read again
    return Treatment(
        seen if isinstance(window, str) else window,
        BLACK if isinstance(background, str) else background,
        fit,
        num_channels,
    )


def summarize(
    window: Window,
    background: Background,
    fit: Fit,
    facts: Iterable[Facts],
    *,
    num_channels: int = 3,
) -> Values:
    """Decide on a treatment by what the files hold.

    Parameters
    ----------
    window : str in {"auto", "full", "seen"} or tuple of two float
        What becomes black and white of more than 8 bits a channel. ``full``: 0 and 65535. ``seen``:
        the least and the largest level of the whole data set. ``auto``: 0 and the largest number of
        the fewest bits that hold every level, at least 8: 4095 for 12 bits; so it is ``full`` as
        soon as a level in the upper half of the 16 bits is used.
    background : "auto" or int in [0, 255]
        ``auto``: black, or white if fewer images lose half of what is visible in them on white.
    fit : str in {"crop", "pad", "stretch"}
    facts : iterable of Facts
        Of each file.
    num_channels : int
        As in `Treatment`.

    Examples
    --------
    >>> summarize("auto", "auto", "crop", [Facts(levels=(3, 3000))]).treatment.window
    (0.0, 4095.0)
    >>> black_icon = Facts(is_transparent=True, lost_on=(0,))
    >>> summarize("auto", "auto", "crop", [black_icon]).treatment.background
    255
    """
    facts = list(facts)
    levels = [each.levels for each in facts if each.levels is not None]
    least = min((low for low, _ in levels), default=0.0)
    largest = max((high for _, high in levels), default=0.0)
    first = provisional(window, background, fit, num_channels=num_channels)
    treatment = Treatment(
        _window(window, least, largest) if levels else first.window,
        _background(background, facts),
        fit,
        num_channels,
    )
    return Values(
        window,
        background,
        treatment,
        len(levels),
        least,
        largest,
        sum(each.is_transparent for each in facts),
        sum(treatment.background in each.lost_on for each in facts),
        sum(each.has_frames for each in facts),
        sum(each.is_reshaped for each in facts),
        len(facts),
    )


def is_changed(facts: Facts, before: Treatment, after: Treatment) -> bool:
    """Say whether a file has to be read again."""
    shows_ground = facts.is_transparent or (facts.is_reshaped and after.fit == "pad")
    return (facts.levels is not None and before.window != after.window) or (
        shows_ground and before.background != after.background
    )


def _window(rule: Window, least: float, largest: float) -> tuple[float, float] | None:
    if not isinstance(rule, str):
        return rule
    if rule == FULL or (rule == AUTO and largest > DEEPEST // 2):
        return None
    if rule == SEEN:
        return least, largest
    return 0.0, float(2 ** max(_BITS, int(largest).bit_length()) - 1)


def _background(rule: Background, facts: list[Facts]) -> int:
    if isinstance(rule, int):
        return rule
    on_black, on_white = (sum(g in each.lost_on for each in facts) for g in (BLACK, WHITE))
    return WHITE if on_white < on_black else BLACK


def windowed(deep: NDArray[Any], window: tuple[float, float] | None) -> NDArray[np.uint8]:
    """Share the levels of a window out evenly among 256.

    Of whole numbers from 0 to 2**k - 1 these are the upper 8 bits.

    Examples
    --------
    >>> windowed(np.array([0, 255, 256, 4095]), (0, 4095)).tolist()
    [0, 15, 16, 255]
    """
    if deep.dtype == np.uint16 and deep.size > DEEPEST + 1:  # looked up: floats take eight bytes
        levels = windowed(np.arange(DEEPEST + 1, dtype=np.uint16), window)
        shared: NDArray[np.uint8] = levels[deep]
        return shared
    low, high = window or (0.0, float(DEEPEST))
    count = high - low + (1 if deep.dtype.kind in "ui" else 0)
    shares = (deep.astype(np.float64) - low) * (256 / count if count > 0 else 0)
    return np.floor(shares).clip(0, 255).astype(np.uint8)


def look_through(image: Image.Image) -> tuple[bool, tuple[int, ...]]:
    """Say whether an RGBA image is transparent anywhere, and on which grounds it is lost.

    Returns
    -------
    is_transparent : bool
    lost_on : tuple of int
        As in `Facts`.
    """
    if image.getchannel("A").getextrema()[0] == WHITE:
        return False, ()
    pixels = np.asarray(image)
    opacity = pixels[..., 3].astype(np.float64)
    grey = np.asarray(image.convert("RGB").convert("L")).astype(np.int16)
    visible = opacity.sum()
    lost = [g for g in (BLACK, WHITE) if opacity[np.abs(grey - g) < _NEAR].sum() > visible / 2]
    return True, tuple(lost)
