"""Section `discriminator`: on how many images D is examined."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Discriminator(Section):
    """Images of each kind: training, held-out, generated, and each that is no data."""

    name: ClassVar[str] = "discriminator"

    num_images: int = Field(500, ge=10, le=100_000)
