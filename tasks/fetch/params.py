"""Section `fetch`: which images, and what a table says of them."""

from typing import ClassVar

from pydantic import Field

from ganatomy.data.choices import Classes, Source
from tasks.params.section import Section


class Fetch(Section):
    """Source of the images and, for image-folder, a CSV file of their attributes."""

    name: ClassVar[str] = "fetch"

    source: Source = "mnist-sample"
    root: str = "given"
    attributes: str = ""
    classes: Classes = "auto"  # of image-folder: what tells classes apart
    follow_links: bool = False
    max_images: int = Field(0, ge=0, le=100_000_000)
    retries: int = Field(2, ge=0, le=10)
