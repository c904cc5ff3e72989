"""Section `base`: what every stage shares."""

from typing import ClassVar, Literal

from pydantic import Field

from tasks.params.section import Section


class Base(Section):
    """Seed, device and CPU threads."""

    name: ClassVar[str] = "base"

    seed: int = Field(0, ge=0, lt=2**63)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    num_threads: int = Field(2, ge=1, le=256)
