"""Section `variants`: the feature-importance data sets."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Variants(Section):
    """Which features are changed, one in each data set, and how many are not changed at all."""

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
    num_nulls: int = Field(4, ge=3)
