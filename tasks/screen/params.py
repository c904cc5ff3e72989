"""Section `screen`: short trainings that drop what cannot be told from nulls."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from tasks.params.section import Section


class Screen(Section):
    """Successive halving before the trainings in full; see `ganatomy.importance.screening`.

    Rung k trains for shares[k] of a full training's steps, with num_seeds[k] seeds.
    """

    name: ClassVar[str] = "screen"

    enabled: bool = False
    shares: list[float] = Field(default=[0.15], min_length=1)
    num_seeds: list[Annotated[int, Field(ge=1, le=1000)]] = Field(default=[4], min_length=1)
    keep: int = Field(6, ge=1, le=100_000)
    keep_at_least: int = Field(3, ge=0, le=100_000)
    alpha: float = Field(0.2, gt=0, le=1)

    @model_validator(mode="after")
    def _one_for_each_rung(self) -> Self:
        if len(self.shares) != len(self.num_seeds):
            raise ValueError("shares and num_seeds need one entry for each rung")
        if not all(0 < share <= 1 for share in self.shares) or self.shares != sorted(self.shares):
            raise ValueError("shares are above 0, at most 1, and do not fall, e.g. [0.1, 0.3]")
        if self.keep < self.keep_at_least:
            raise ValueError("keep is at least keep_at_least")
        return self
