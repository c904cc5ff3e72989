"""Section `directions`: by how many latents directions are found, and how many are judged."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from tasks.params.section import Section

_TO_FIND_BY = 8  # latents, at the least


class Directions(Section):
    """Latents, directions of each method, and what stands beside them."""

    name: ClassVar[str] = "directions"

    num_latents: int = Field(512, ge=16, le=100_000)
    num_held_out: int = Field(32, ge=8, le=10_000)  # of these: none is found by them
    num_directions: int = Field(5, ge=1, le=64)
    num_random: int = Field(8, ge=1, le=1000)
    num_images: int = Field(1500, ge=0, le=1_000_000)  # of the Jacobian
    num_draws: int = Field(3, ge=0, le=100)  # other latents that directions are found by again
    num_read: int = Field(2000, ge=40, le=100_000)  # latents whose images directions are read from

    @model_validator(mode="after")
    def _some_to_find_by(self) -> Self:
        if self.num_latents < self.num_held_out + _TO_FIND_BY:
            raise ValueError(
                f"directions are judged by {self.num_held_out} latents (num_held_out) and found by "
                f"the others, so num_latents is {self.num_held_out + _TO_FIND_BY} at least"
            )
        return self
