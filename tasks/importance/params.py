"""Section `importance`: how influence is judged."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Importance(Section):
    """Sample count, the largest share of false finds, and how many features are shown in images."""

    name: ClassVar[str] = "importance"

    num_fakes: int = Field(1000, ge=10, le=1_000_000)
    fdr: float = Field(0.05, gt=0, lt=1)
    num_shown: int = Field(10, ge=1, le=40)
