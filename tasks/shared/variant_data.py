"""What is retrained: the variants that are there, and a data set for each."""

from collections.abc import Iterable

from ganatomy.data.dataset import Dataset
from ganatomy.data.variant_set import VariantSet
from ganatomy.data.variants import Recipe, apply
from ganatomy.device import resolve_device
from tasks.params.base import Base
from tasks.shared.artifact_paths import PREPARED, VARIANTS
from tasks.variants.params import Variants


def trainable() -> list[Recipe]:
    """List the recipes that change something, and the nulls."""
    return VariantSet.load(VARIANTS).trainable()


def load_variants(recipes: Iterable[Recipe]) -> dict[str, Dataset]:
    """Load variants by name, or make them now from their recipes, on the device."""
    if Variants.load().materialize:
        return {
            recipe.name: Dataset.load(VARIANTS / recipe.folder, "train", mapped=True)
            for recipe in recipes
        }
    train, device = Dataset.load(PREPARED, "train"), resolve_device(Base.load().device)
    return {recipe.name: apply(train, recipe, device).dataset for recipe in recipes}
