"""The record of one variant of a data set: all who make, train, read or show it share this."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.files import safe_name

GRID = 4
SELECTING = ("class_", "attribute_")  # how their names begin
LEARNED = "learned:"  # and those of directions of a generator


@dataclass(frozen=True)
class Regions:
    """Meaning of names that is not the same everywhere: places of an image, and directions.

    Attributes
    ----------
    grid : int
        The cells ``cell_<row>_<column>`` are those of a grid by grid raster.
    masks : tuple of path
        Image files; each marks a region ``mask_<file name without its ending>``.
    learned : path
        Folder of what the features ``learned:<direction>`` are; "" without any.
    """

    grid: int = GRID
    masks: tuple[str | Path, ...] = ()
    learned: str | Path = ""


USUAL_REGIONS = Regions()


def is_learned(name: str) -> bool:
    """Say whether a name asks for a learned feature: ``learned:<direction>``."""
    return name.startswith(LEARNED)


@dataclass(frozen=True)
class Recipe:
    """The record of one variant, shared by all who make it, train on it or read it.

    Attributes
    ----------
    name : str
        The variant's, for people: the feature's, with its mode unless that is ``remove``; ``a+b``
        for an interaction, ``subset_<k>``, ``null_<k>``.
    features : tuple of str
        What is changed, one after the other: names of `known` features, or ``module:Class`` of the
        user's own; empty for a null.
    mode : str in {"remove", "permute", "noise", "null"}
    seed : int
        Of what is drawn at random.
    meaning : str
        In words, for the report.
    kind : str
        The feature's, ``interaction``, ``subset`` or ``null``.
    regions : Regions
        Which places the names of cells and masks stand for.
    concept : str
        What a learned feature was named after; "" for others.

    Examples
    --------
    >>> recipe = Recipe("cell_0_1", ("cell_0_1",), "remove", 0, "", "region", Regions(grid=2))
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True
    """

    name: str
    features: tuple[str, ...]
    mode: str
    seed: int
    meaning: str
    kind: str
    regions: Regions = USUAL_REGIONS
    concept: str = ""

    @property
    def folder(self) -> str:
        """The variant's name for files."""
        return safe_name(self.name)

    @property
    def is_null(self) -> bool:
        """Whether nothing is changed."""
        return not self.features

    @property
    def selects(self) -> bool:
        """Whether any of it leaves images out or repeats them, instead of changing pixels."""
        return any(name.startswith(SELECTING) for name in self.features)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `from_json`; regions and concept only where needed."""
        values: dict[str, Any] = {
            "name": self.name,
            "features": list(self.features),
            "mode": self.mode,
            "seed": self.seed,
            "meaning": self.meaning,
            "kind": self.kind,
        }
        if self.concept:
            values["concept"] = self.concept
        if self.regions == USUAL_REGIONS:
            return values
        named: dict[str, Any] = {
            "grid": self.regions.grid,
            "masks": [str(path) for path in self.regions.masks],
        }
        if self.regions.learned:
            named["learned"] = str(self.regions.learned)
        return {**values, "regions": named}

    @staticmethod
    def from_json(values: dict[str, Any]) -> "Recipe":
        """Build it from what `to_json` gave; TypeError or KeyError if that is something else."""
        named = values.get("regions")
        regions = USUAL_REGIONS
        if named:
            learned = named.get("learned", "")
            regions = Regions(named["grid"], tuple(named["masks"]), learned)
        return Recipe(**{**values, "features": tuple(values["features"]), "regions": regions})
