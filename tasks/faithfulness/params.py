"""Section `faithfulness`: how maps are put to the test."""

from dataclasses import fields
from typing import ClassVar

from pydantic import Field

from ganatomy.explain.faithfulness.effort import Effort
from tasks.params.section import Section


class Faithfulness(Section):
    """Real and fake images, so many of each, and the effort of each test."""

    name: ClassVar[str] = "faithfulness"

    num_images: int = Field(40, ge=3, le=10_000)
    num_steps: int = Field(Effort.num_steps, ge=2, le=1000)
    num_perturbations: int = Field(Effort.num_perturbations, ge=2, le=1000)
    num_seeds: int = Field(Effort.num_seeds, ge=2, le=20)
    integration_steps: int = Field(32, ge=2, le=1000)

    def effort(self) -> Effort:
        """Say how much each test does."""
        return Effort(**{each.name: getattr(self, each.name) for each in fields(Effort)})
