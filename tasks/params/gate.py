"""Section `gate`: what a run must reach for a yes. docs/verdict.md says why, and how to change it.

The values are read when the page is made, from the copy that the run began with: they were written
down before the run, and a change of theirs computes nothing anew but the page.
"""

from typing import Any, ClassVar

from pydantic import Field, field_validator

from ganatomy.report.verdict.gate import Gate, HealthRule, Question, TrainingGuard
from tasks.params.section import Section

_GATE = Gate()


class GateSection(Section):
    """Thresholds of the verdict, and the run that it is compared with ("": none)."""

    name: ClassVar[str] = "gate"

    needed: list[Question] = Field(list(_GATE.needed))
    precision_share: float = Field(_GATE.precision_share, gt=0, le=1)
    coverage_share: float = Field(_GATE.coverage_share, gt=0, le=1)
    evaluator_skill: float = Field(_GATE.evaluator_skill, ge=_GATE.evaluator_skill, le=1)
    classes_missing: int = Field(_GATE.classes_missing, ge=0, le=1_000_000)
    training_blocking: list[TrainingGuard] = Field(list(_GATE.training_blocking))
    published_share: float = Field(_GATE.published_share, gt=0, le=1)
    diversity: float = Field(_GATE.diversity, gt=0, le=1)
    discriminator_blocking: list[HealthRule] = Field(list(_GATE.discriminator_blocking))
    features_found: int = Field(_GATE.features_found, ge=0, le=1_000_000)
    maps_trusted: int = Field(_GATE.maps_trusted, ge=0, le=1_000)

    champion: str = ""

    @field_validator("needed", "training_blocking", "discriminator_blocking")
    @classmethod
    def _once_each(cls, names: list[str]) -> list[str]:
        if len(set(names)) != len(names):
            raise ValueError("name each once")
        return names

    def gate(self) -> Gate:
        """Build the library's record."""
        own: dict[str, Any] = self.model_dump(include=set(vars(_GATE)))
        lists = {name: tuple(value) for name, value in own.items() if isinstance(value, list)}
        return Gate(**{**own, **lists})
