"""Section `gradcam`: which images, targets and methods."""

from typing import Any, ClassVar

from pydantic import Field, model_validator

from ganatomy.data.choices import After
from ganatomy.explain.maps.choices import DEFAULT_CAMS, CamMethod
from tasks.params.after import settled
from tasks.params.section import Section


class Gradcam(Section):
    """Real and fake images, so many of each; what is explained, and how it is checked."""

    name: ClassVar[str] = "gradcam"

    num_images: int = Field(8, ge=1, le=64)
    num_averaged: int = Field(200, ge=2, le=10_000)
    methods: list[CamMethod] = Field([*DEFAULT_CAMS], min_length=1)
    targets: list[str] = Field(["class", "concept(thickness)", "region(cell_1_1)"])
    concepts: list[str] = Field(["brightness", "contrast", "thickness"])
    num_ablated: int = Field(64, ge=3, le=10_000)
    num_units: int = Field(256, ge=1, le=100_000)
    num_random: int = Field(10, ge=1, le=1000)
    fdr: float = Field(0.05, gt=0, lt=1)
    after: After = "prepare"  # the stage that dvc.yaml has it wait for

    @model_validator(mode="before")
    @classmethod
    def _after_what_it_needs(cls, values: Any) -> Any:
        return settled(values, "targets")
