"""Section `fetch`: which images, and what a table says of them."""

import re
from typing import Any, ClassVar, get_args

from pydantic import Field, field_validator

from ganatomy.data.choices import Classes, Source
from tasks.params.section import Section

_OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class Fetch(Section):
    """Source of the images and, for those that a user gives, a CSV file of their attributes."""

    name: ClassVar[str] = "fetch"

    source: Source | str = "mnist-sample"  # or module:Class, a data set of one's own
    root: str = "given"  # of image-folder: a folder, zip, tar, .npy, .npz or Parquet
    attributes: str = ""
    classes: Classes = "auto"  # of image-folder: what tells classes apart
    arguments: dict[str, Any] = Field(default_factory=dict)  # of module:Class, arrays and Parquet
    follow_links: bool = False
    max_images: int = Field(0, ge=0, le=100_000_000)
    retries: int = Field(2, ge=0, le=10)

    @property
    def is_given(self) -> bool:
        """Whether `root` is what the user gives."""
        return self.source == "image-folder"

    @property
    def is_own_class(self) -> bool:
        """Whether the source is a class, ``module:Class``."""
        return ":" in self.source

    @field_validator("source")
    @classmethod
    def _known(cls, source: str) -> str:
        known = get_args(Source)
        if source not in known and not _OWN.fullmatch(source):
            raise ValueError(f"use one of {', '.join(known)}, or module:Class")
        return source
