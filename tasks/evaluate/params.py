"""Section `evaluate`: how the GAN is judged."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Evaluate(Section):
    """Sample counts, and the file of Inception weights when FID is wanted ("": it is not)."""

    name: ClassVar[str] = "evaluate"

    num_fakes: int = Field(1000, ge=10, le=1_000_000)
    num_shown: int = Field(64, ge=1, le=400)
    num_replicates: int = Field(200, ge=20, le=10_000)
    inception_weights: str = ""
