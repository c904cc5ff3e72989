"""Section `lime`: images, segments and samples."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Lime(Section):
    """Real and fake images, so many of each, and the surrogate's budget."""

    name: ClassVar[str] = "lime"

    num_images: int = Field(8, ge=1, le=64)
    segment_side: int = Field(4, ge=1, le=32)
    num_samples: int = Field(1000, ge=50)
