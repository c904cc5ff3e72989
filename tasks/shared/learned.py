"""Learned features: what stage `directions` has made of directions, and who may ask for them."""

from dataclasses import replace
from pathlib import Path

from ganatomy.data.features.learned_set import LearnedFeatures, number_in
from ganatomy.data.recipe import LEARNED, is_learned
from ganatomy.data.variant_set import VariantEntry
from ganatomy.errors import InputError
from ganatomy.report.left_out import why_left_out
from ganatomy.wording import counted
from tasks.params.section import read_document
from tasks.shared.artifact_paths import REPORTS, VARIANTS
from tasks.variants.params import Variants

DIRECTIONS = REPORTS / "directions"
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
    name = params.learned[0]
    told = read_document(None, {"variants"})["variants"].get("after")
    if told != params.after:
        raise InputError(
            f"{name} is made by stage directions, and this stage did not wait for it",
            f"variants.after = {told}",
            "Set variants.after=directions, as `python -m flows run` does by itself.",
        )
    if reason := why_left_out(DIRECTIONS):
        raise InputError(f"there is no {name}: {reason}", _WHERE, "Leave it out.")
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
        name = ":".join(entry.split(":")[:2])  # it may end in a mode
        if number_in(name) > num_directions:
            raise InputError(
                f"no {name}: {counted(num_directions, 'direction')} of G's latents are looked at",
                _WHERE,
                "Raise directions.num_directions, or name another.",
            )
    if not params.learned:
        return params
    kept = {
        "features": [name for name in params.features if not is_learned(name)],
        "interactions": [each for each in params.interactions if LEARNED not in each],
        "num_subsets": 0,
    }
    return params.model_copy(update=kept)
