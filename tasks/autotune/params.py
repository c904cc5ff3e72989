"""Section `autotune`: how retrained GANs are packed together."""

from typing import ClassVar, Literal

from pydantic import Field

from ganatomy.gan.settings import Backend
from tasks.params.section import Section


class Autotune(Section):
    """The backend and the size of a pack; ``auto`` tries all and keeps the quickest.

    Another backend or size moves the last bits of every retrained GAN, so what was chosen is an
    artifact, and the default is not ``auto``.
    """

    name: ClassVar[str] = "autotune"

    backend: Literal[Backend, "auto"] = "grouped"
    pack_size: int = Field(4, ge=1, le=1024)
    num_steps: int = Field(17, ge=3, le=1000)
