"""Names in params.yaml of which only the data can tell whether they mean anything.

A default is made for the sample data: where it does not fit the user's, it is left out, and said.
What the user wrote and the data does not have is refused, by `prepare`, before anything is trained.
"""

from collections.abc import Callable
from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import find, known
from ganatomy.data.features.recipes import recipes
from ganatomy.data.recipe import Recipe, Regions, is_learned
from ganatomy.errors import InputError
from ganatomy.explain.networks.named import Vocabulary
from tasks.params.section import Section
from tasks.shared.artifact_paths import PREPARED
from tasks.variants.params import Variants


def features_of(params: Variants, train: Dataset, warn: Callable[[str], None]) -> list[str]:
    """Return the features that are to be changed; see `fitting`."""
    there = known(train, params.grid, params.masks)
    return fitting(params, "features", lambda name: find(name, there, train), warn)


def recipes_of(
    params: Variants,
    train: Dataset,
    seed: int,
    warn: Callable[[str], None],
    *,
    learned: str | Path = "",
) -> list[Recipe]:
    """Write the recipes of the variants that are to be made; see `features_of`.

    `learned` is the folder that learned features are read from.
    """
    return recipes(
        features_of(params, train, warn),
        train,
        num_nulls=params.num_nulls,
        seed=seed,
        modes=params.modes,
        interactions=params.interactions,
        num_subsets=params.num_subsets,
        subset_share=params.subset_share,
        regions=Regions(params.grid, tuple(params.masks), learned),
    )


def targets_of(params: Section, field: str, warn: Callable[[str], None]) -> list[str]:
    """Return the targets in a field of params.yaml, but for learned ones; see `fitting`."""
    names = fitting(params, field, vocabulary().check_target, warn)
    return [name for name in names if not is_learned(name)]


def concepts_of(params: Section, warn: Callable[[str], None]) -> list[str]:
    """Return the concepts that are looked for; see `fitting`."""
    return fitting(params, "concepts", vocabulary().concept, warn)


def fitting(
    params: Section, field: str, check: Callable[[str], object], warn: Callable[[str], None]
) -> list[str]:
    """Return the names in a list, less defaults that `check` refuses: these bring a warning.

    What is not the default stays whole: whoever uses it refuses what is wrong.
    """
    names: list[str] = getattr(params, field)
    if not params.is_default(field):
        return list(names)
    kept = []
    for name in names:
        try:
            check(name)
        except InputError as error:
            warn(f"{name}, by default in {params.name}.{field}, is left out: {error.what}")
        else:
            kept.append(name)
    return kept


def vocabulary() -> Vocabulary:
    """Load what names of targets and concepts can mean in the prepared data."""
    return vocabulary_of(Dataset.load(PREPARED, "train", mapped=True), Variants.load())


def vocabulary_of(train: Dataset, variants: Variants) -> Vocabulary:
    """Build the same from training data at hand."""
    return Vocabulary(train, variants.grid, tuple(variants.masks))
