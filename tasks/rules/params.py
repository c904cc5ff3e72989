"""Section `rules`: images, the length of rules, how they are tried, and the user's own concepts."""

from typing import ClassVar

from pydantic import Field, field_validator

from tasks.params.section import Section

OWN = {"own": "concepts", "features": "concepts"}
"""What the library calls the user's own concepts."""


class Rules(Section):
    """Real and fake images, so many of each; what rules are made of, and how they are checked."""

    name: ClassVar[str] = "rules"

    num_images: int = Field(1500, ge=20, le=100_000)
    concepts: list[str] = Field([])  # beside those that are measured anyway
    max_length: int = Field(6, ge=1, le=12)
    num_draws: int = Field(4, ge=2, le=100)
    least_images: int = Field(40, ge=10, le=10_000)
    num_examples: int = Field(8, ge=1, le=64)
    num_changed: int = Field(200, ge=4, le=10_000)

    @field_validator("concepts")
    @classmethod
    def _dotted(cls, concepts: list[str]) -> list[str]:
        for name in concepts:
            if not all(name.partition(":")[::2]):
                raise ValueError(
                    f"{name!r} is no module:Class. What the features of the data measure is a "
                    "concept in any case"
                )
        if len(set(concepts)) != len(concepts):
            raise ValueError("name each concept once")
        return concepts
