"""Section `importance`: how influence is judged."""

from typing import ClassVar

from pydantic import Field

from ganatomy.importance.sizes import PRACTICAL_SIZE
from tasks.params.section import Section


class Importance(Section):
    """Whether GANs are retrained at all; sample count, the largest share of false finds, the least
    change that matters, and how many features are shown in images.
    """

    name: ClassVar[str] = "importance"

    enabled: bool = True
    num_fakes: int = Field(1000, ge=10, le=1_000_000)
    fdr: float = Field(0.05, gt=0, lt=1)
    practical_size: float = Field(PRACTICAL_SIZE, ge=0, le=1000)
    num_shown: int = Field(10, ge=1, le=40)
