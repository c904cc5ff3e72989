"""Make the variants of a data set, one after the other."""

from collections.abc import Callable, Sequence

from ganatomy.data.card import content_hash
from ganatomy.data.dataset import Dataset
from ganatomy.data.features.feature import WHERE
from ganatomy.data.recipe import Recipe
from ganatomy.data.variant_set import VariantEntry, VariantSet
from ganatomy.data.variants import ChangesNothing, Variant, apply
from ganatomy.errors import InputError


def make_variants(
    train: Dataset,
    recipes: Sequence[Recipe],
    *,
    on_made: Callable[[VariantEntry, Dataset | None], None] = lambda entry, changed: None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> VariantSet:
    """Make one data set of each recipe, one after the other; none is kept here.

    Parameters
    ----------
    train : Dataset
        It is left as it was.
    recipes : sequence of Recipe
    on_made : callable
        Given each entry with its data set, to keep it; None where the recipe changes nothing.
    on_progress : callable
        Called with (done, total) data sets.
    on_warning : callable
        Told what changes nothing.

    Raises
    ------
    InputError
        None of the features changes anything, or one in a combination does not; or as `apply`.
    """
    entries: list[VariantEntry] = []
    for done, recipe in enumerate(recipes, start=1):
        changed = None
        try:
            variant = apply(train, recipe)
        except ChangesNothing as nothing:
            entry = VariantEntry(recipe, nothing.what)
            on_warning(str(nothing))
        else:
            entry, changed = _described(recipe, variant), variant.dataset
        on_made(entry, changed)
        entries.append(entry)
        on_progress(done, len(recipes))
    _check_some_left(entries)
    _check_combinations(entries)
    return VariantSet(tuple(entries))


def _described(recipe: Recipe, variant: Variant) -> VariantEntry:
    data = variant.dataset
    return VariantEntry(recipe, "", content_hash(data), len(data), variant.change)


def _check_some_left(entries: list[VariantEntry]) -> None:
    if all(entry.recipe.is_null or entry.changes_nothing for entry in entries):
        raise InputError(
            "none of the features changes anything on this data",
            WHERE,
            "Name features that the images have; docs/importance.md lists them.",
        )


def _check_combinations(entries: list[VariantEntry]) -> None:
    """Refuse combinations with what changes nothing: it is not trained alone to compare with."""
    combined = [entry.recipe for entry in entries if entry.recipe.kind in ("interaction", "subset")]
    idle = {
        entry.recipe.features[0]
        for entry in entries
        if entry.changes_nothing and entry.recipe.mode == "remove" and entry.recipe not in combined
    }
    for recipe in combined:
        if without_effect := [name for name in recipe.features if name in idle]:
            raise InputError(
                f"{', '.join(without_effect)} changes nothing on this data and is in {recipe.name}",
                WHERE,
                "Leave it out of features and interactions.",
            )
