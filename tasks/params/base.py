"""Section `base`: what every stage shares."""

from typing import ClassVar

from pydantic import Field

from ganatomy.choices import Device
from tasks.params.section import Section


class Base(Section):
    """Seed, device and CPU threads."""

    name: ClassVar[str] = "base"

    seed: int = Field(0, ge=0, lt=2**63)
    device: Device = "auto"
    num_threads: int = Field(1, ge=1, le=256)
