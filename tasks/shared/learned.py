"""Learned features: what stage `directions` has made of directions, and who may ask for them."""

from dataclasses import replace
from pathlib import Path

from ganatomy.data.features.learned_set import LearnedFeatures
from ganatomy.data.recipe import LEARNED, is_learned
from ganatomy.data.variant_set import VariantEntry
from tasks.shared.artifact_paths import VARIANTS
from tasks.shared.found_directions import DIRECTIONS, check_found, check_number
from tasks.variants.params import Variants

_WHERE = "variants.features"
_KEPT = "learned"


def learned_folder(params: Variants) -> Path | None:
    """Return the folder that learned features are read from; None where none is asked for.

    Raises
    ------
    InputError
        They are asked for, and there are none, or stage `directions` may not be done.
    """
    if not params.learned:
        return None
    check_found(params.name, params.after, params.learned[0], _WHERE)
    return DIRECTIONS


def keep_learned(source: str | Path, folder: Path) -> None:
    """Copy learned features to the data sets that are changed in them, if any are."""
    if source:
        LearnedFeatures.load(Path(source)).save(folder / _KEPT)


def settled(entry: VariantEntry) -> VariantEntry:
    """Return the entry as later stages read it: learned features lie beside the data sets."""
    recipe = entry.recipe
    if not recipe.regions.learned:
        return entry
    regions = replace(recipe.regions, learned=(VARIANTS / _KEPT).as_posix())
    return replace(entry, recipe=replace(recipe, regions=regions))


def without_learned(params: Variants, num_directions: int) -> Variants:
    """Check names of learned features, and leave out what only the trained GAN can tell.

    Raises
    ------
    InputError
        A name that is none, or a direction beyond those that are looked at.
    """
    for entry in params.learned:
        check_number(":".join(entry.split(":")[:2]), num_directions, _WHERE)  # it may end in a mode
    if not params.learned:
        return params
    kept = {
        "features": [name for name in params.features if not is_learned(name)],
        "interactions": [each for each in params.interactions if LEARNED not in each],
        "num_subsets": 0,
    }
    return params.model_copy(update=kept)
