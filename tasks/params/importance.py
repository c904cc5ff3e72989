"""Section `importance`: how influence is judged."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Importance(Section):
    """Sample count and the chance of a false alarm in the whole table."""

    name: ClassVar[str] = "importance"

    num_fakes: int = Field(1000, ge=10)
    alpha: float = Field(0.05, gt=0, lt=1)
