"""Section `evaluator`: the frozen feature network."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class EvaluatorSection(Section):
    """Size and training of the evaluator."""

    name: ClassVar[str] = "evaluator"

    width: int = Field(16, ge=4, le=256)
    epochs: int = Field(6, ge=1, le=10_000)
    batch_size: int = Field(64, ge=2, le=65_536)
    learning_rate: float = Field(0.003, gt=0, le=1)
