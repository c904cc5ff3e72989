"""Section `structure`: how many images the layers are measured on."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Structure(Section):
    """Images of D and latents of G."""

    name: ClassVar[str] = "structure"

    num_images: int = Field(64, ge=10, le=10_000)
