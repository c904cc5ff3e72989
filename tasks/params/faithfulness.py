"""Section `faithfulness`: how maps are put to the test."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Faithfulness(Section):
    """Real and fake images, so many of each, and the effort of each test."""

    name: ClassVar[str] = "faithfulness"

    num_images: int = Field(40, ge=3, le=10_000)
    num_steps: int = Field(14, ge=2, le=1000)
    num_perturbations: int = Field(10, ge=2, le=1000)
    num_seeds: int = Field(3, ge=2, le=20)
    integration_steps: int = Field(32, ge=2, le=1000)
