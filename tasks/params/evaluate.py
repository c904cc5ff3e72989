"""Section `evaluate`: how the GAN is judged."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Evaluate(Section):
    """Sample counts."""

    name: ClassVar[str] = "evaluate"

    num_fakes: int = Field(1000, ge=10)
    num_shown: int = Field(64, ge=1, le=400)
