"""Section `prepare`: what a clean data set is."""

from typing import ClassVar

from pydantic import Field

from ganatomy.data.choices import Channels, ImageSize, OnDuplicates
from tasks.params.section import Section


class Prepare(Section):
    """Size, channels, split and what is refused."""

    name: ClassVar[str] = "prepare"

    image_size: ImageSize = 28
    channels: Channels = 0
    test_fraction: float = Field(0.2, gt=0, lt=1)
    min_images: int = Field(100, ge=2, le=100_000_000)
    max_pixels: int = Field(50_000_000, ge=1, le=1_000_000_000)  # 3 GB an image, decoded
    max_seconds: float = Field(60.0, gt=0, le=3600)
    duplicates: OnDuplicates = "together"  # of equal or nearly equal images
    background: int = Field(0, ge=0, le=255)  # grey that transparent pixels are laid on: 0 is black
