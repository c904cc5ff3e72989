"""The variants of a data set: what was made of each recipe, and which of them can be trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json

INDEX = "index.json"


@dataclass(frozen=True)
class VariantEntry:
    """The record of what became of one recipe.

    Attributes
    ----------
    recipe : Recipe
    changes_nothing : str
        Why the variant is not trained on; empty where it is.
    sha256 : str
        Of the variant's images and labels; empty where it changes nothing, as the figures are 0.
    num_images : int
    mean_change : float in [0, 255]
        As `Variant.change`.
    """

    recipe: Recipe
    changes_nothing: str = ""
    sha256: str = ""
    num_images: int = 0
    mean_change: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `from_json`."""
        about = {"recipe": self.recipe.to_json(), "changes_nothing": self.changes_nothing}
        if self.changes_nothing:
            return about
        content = {"sha256": self.sha256, "num_images": self.num_images}
        return {**about, **content, "mean_change": self.mean_change}

    @staticmethod
    def from_json(values: dict[str, Any]) -> "VariantEntry":
        """Build it from what `to_json` gave; TypeError or KeyError if that is something else."""
        return VariantEntry(**{**values, "recipe": Recipe.from_json(values["recipe"])})

    def save(self, folder: Path) -> None:
        """Write ``recipe.json``."""
        write_json(folder / "recipe.json", self.to_json())


@dataclass(frozen=True)
class VariantSet:
    """The records of all recipes, in their order.

    Examples
    --------
    >>> idle = VariantEntry(Recipe("hue", ("hue",), "remove", 0, "", "colour"), "no colours")
    >>> null = VariantEntry(Recipe("null_0", (), "null", 0, "", "null"), "", "c0ffee", 16)
    >>> variants = VariantSet((idle, null))
    >>> [recipe.name for recipe in variants.trainable()]
    ['null_0']
    >>> variants.metrics()
    {'num_variants': 0, 'num_nulls': 1, 'num_that_change_nothing': 1}
    """

    entries: tuple[VariantEntry, ...]

    def trainable(self) -> list[Recipe]:
        """List the recipes that change something, and the nulls."""
        return [entry.recipe for entry in self.entries if not entry.changes_nothing]

    def metrics(self) -> dict[str, float | int]:
        """Count variants, nulls, and what changes nothing."""
        num_nulls = sum(entry.recipe.is_null for entry in self.entries)
        num_idle = sum(bool(entry.changes_nothing) for entry in self.entries)
        return {
            "num_variants": len(self.entries) - num_nulls - num_idle,
            "num_nulls": num_nulls,
            "num_that_change_nothing": num_idle,
        }

    def verdict(self) -> str:
        """Say in words what there is to train on."""
        counts = self.metrics()
        text = (
            f"Data sets with something changed: {counts['num_variants']}, unchanged: "
            f"{counts['num_nulls']}."
        )
        idle = [entry.recipe.name for entry in self.entries if entry.changes_nothing]
        return f"{text} Without effect on this data: {', '.join(idle)}." if idle else text

    def save(self, folder: Path) -> None:
        """Write ``index.json``."""
        write_json(folder / INDEX, [entry.to_json() for entry in self.entries])

    @staticmethod
    def load(folder: Path) -> "VariantSet":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            The file is missing, or no index of variants.
        """
        values = read_json(folder / INDEX)
        try:
            return VariantSet(tuple(VariantEntry.from_json(value) for value in values))
        except (KeyError, TypeError) as error:
            raise InputError(
                f"no index of variants ({type(error).__name__}: {error})",
                str(folder / INDEX),
                "Remove the folder and make the variants again.",
            ) from None
