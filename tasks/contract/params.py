"""Section `contract`: with how many images an adopted GAN is examined."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Contract(Section):
    """Held-out images that an adopted discriminator is shown; of one trained here nothing is."""

    name: ClassVar[str] = "contract"

    num_images: int = Field(64, ge=8, le=10_000)
