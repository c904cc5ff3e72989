"""What retraining is done on: the variants that are there, one data set for each."""

from ganatomy.data.dataset import Dataset
from ganatomy.data.variants import Recipe, apply
from ganatomy.device import resolve_device
from ganatomy.files import read_json
from tasks.layout import PREPARED, VARIANTS
from tasks.params.base import Base
from tasks.params.variants import Variants


def trainable() -> list[Recipe]:
    """The recipes that change something, and the nulls."""
    return [
        Recipe.from_json(entry["recipe"])
        for entry in read_json(VARIANTS / "index.json")
        if not entry["changes_nothing"]
    ]


def load_variant(recipe: Recipe, base: Base, params: Variants) -> Dataset:
    """A variant as it lies on disk, or made now from its recipe, on the device."""
    if params.materialize:
        return Dataset.load(VARIANTS / recipe.folder, "train", mapped=True)
    train = Dataset.load(PREPARED, "train")
    return apply(train, recipe, resolve_device(base.device), params.grid, params.masks).dataset
