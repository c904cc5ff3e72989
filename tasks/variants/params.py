"""Section `variants`: the feature-importance data sets."""

from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from ganatomy.data.choices import After, Mode
from ganatomy.data.recipe import is_learned
from tasks.params.after import settled
from tasks.params.section import Section


class Variants(Section):
    """The features that are changed and how, and the number of data sets that are not changed.

    `ganatomy.data.features` says which features there are and what each mode does to them.
    """

    name: ClassVar[str] = "variants"

    features: list[str] = Field(
        default=[
            "cell_1_1",
            "cell_2_2",
            "cell_0_0",
            "contrast",
            "blur",
            "thickness",
            "orientation",
            "class_1",
        ],
        min_length=1,
    )
    modes: list[Mode] = Field(default=["remove"], min_length=1)
    interactions: list[str] = Field(default=[])
    num_subsets: int = Field(0, ge=0, le=10_000)
    subset_share: float = Field(0.5, gt=0, lt=1)
    num_nulls: int = Field(4, ge=3, le=1000)
    grid: int = Field(4, ge=1, le=64)
    masks: list[str] = Field(default=[])
    materialize: bool = True
    after: After = "prepare"  # the stage that dvc.yaml has it wait for

    @model_validator(mode="before")
    @classmethod
    def _after_what_it_needs(cls, values: Any) -> Any:
        return settled(values, "features")

    @property
    def learned(self) -> list[str]:
        """The entries of `features` that ask for a learned one."""
        return [name for name in self.features if is_learned(name)]

    @field_validator("modes")
    @classmethod
    def _once_each(cls, modes: list[str]) -> list[str]:
        if len(set(modes)) != len(modes):
            raise ValueError("name each mode once")
        return modes
