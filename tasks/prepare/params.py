"""Section `prepare`: what a clean data set is."""

from typing import Annotated, Any, ClassVar, get_args

from pydantic import BeforeValidator, Field

from ganatomy.data.choices import (
    BackgroundRule,
    Channels,
    Fit,
    OnDuplicates,
    Size,
    Window,
    WindowRule,
)
from ganatomy.data.shape import sides
from tasks.params.section import Section

_SMALLEST, _LARGEST = 8, 2048  # pixels


# Each says in one sentence what two types together allow.
def _levels(value: Any) -> Any:
    if isinstance(value, str) and value in get_args(WindowRule):
        return value
    numbers = isinstance(value, list) and {*map(type, value)} <= {int, float}
    if numbers and len(value) == 2 and value[0] < value[1]:
        return value
    raise ValueError(f"use {', '.join(get_args(WindowRule))}, or two levels as [0, 4095]")


def _grey(value: Any) -> Any:
    if value in get_args(BackgroundRule) or (type(value) is int and 0 <= value <= 255):
        return value
    raise ValueError("use auto, or a grey from 0 (black) to 255 (white)")


def _size(value: Any) -> Any:
    numbers = value if isinstance(value, list) else [value, value]
    whole = {*map(type, numbers)} == {int}
    if whole and len(numbers) == 2 and min(numbers) >= _SMALLEST and max(numbers) <= _LARGEST:
        return value
    raise ValueError(
        f"use a side, or [height, width], each a whole number from {_SMALLEST} to {_LARGEST}"
    )


class Prepare(Section):
    """Size, channels, split and what is refused."""

    name: ClassVar[str] = "prepare"

    image_size: Annotated[int | list[int], BeforeValidator(_size)] = 28
    channels: Channels = 0
    test_fraction: float = Field(0.2, gt=0, lt=1)
    min_images: int = Field(100, ge=2, le=100_000_000)
    max_pixels: int = Field(50_000_000, ge=1, le=1_000_000_000)  # 3 GB an image, decoded
    max_seconds: float = Field(60.0, gt=0, le=3600)
    duplicates: OnDuplicates = "together"  # of equal or nearly equal images
    fit: Fit = "crop"  # of images of other proportions
    window: Annotated[WindowRule | list[float], BeforeValidator(_levels)] = "auto"
    background: Annotated[BackgroundRule | int, BeforeValidator(_grey)] = "auto"

    def size(self) -> Size:
        """Return the size as the library takes it."""
        return sides(self.image_size)

    def levels(self) -> Window:
        """Return the window as the library takes it."""
        return (self.window[0], self.window[1]) if isinstance(self.window, list) else self.window
