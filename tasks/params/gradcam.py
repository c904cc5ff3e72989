"""Section `gradcam`: how many images are explained."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Gradcam(Section):
    """Real and fake images, so many of each."""

    name: ClassVar[str] = "gradcam"

    num_images: int = Field(8, ge=1, le=64)
