"""Which data sets are to be made: one for each change of a feature, and nulls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.feature import MODES, WHERE, Feature, Selection
from ganatomy.data.features.learned import Learned
from ganatomy.data.features.registry import find, known
from ganatomy.data.features.subsets import draw_subsets
from ganatomy.data.recipe import USUAL_REGIONS, Recipe, Regions, is_learned
from ganatomy.errors import InputError


def recipes(
    features: Sequence[str],
    dataset: Dataset,
    *,
    num_nulls: int,
    seed: int,
    modes: Sequence[str] = ("remove",),
    interactions: Sequence[str] = (),
    num_subsets: int = 0,
    subset_share: float = 0.5,
    regions: Regions = USUAL_REGIONS,
) -> list[Recipe]:
    """Write one recipe for each feature and mode, then interactions, subsets and nulls.

    Parameters
    ----------
    features : sequence of str
        Names of `known` features, ``learned:<direction>``, or ``module:Class`` of one's own; each
        in all of `modes` that it supports, or in the one of ``<name>:<mode>``.
    dataset : Dataset
        The train split.
    num_nulls : int
    seed : int
    modes : sequence of str in {"remove", "permute", "noise"}
    interactions : sequence of str
        ``a+b``, two or more of the features that are removed: all removed together.
    num_subsets : int
        Random subsets of the features that are removed; see `draw_subsets`.
    subset_share : float in (0, 1)
        Of the subsets that each feature is in.
    regions : Regions
        Which cells and masks there are, and where learned features are read.

    Raises
    ------
    InputError
        A feature or mode that does not exist for this data, or one named twice; an interaction of
        features that are not removed singly; more subsets than there are.

    Examples
    --------
    >>> images = torch.arange(16 * 64).view(16, 1, 8, 8).remainder(256).to(torch.uint8)
    >>> data = Dataset(images, torch.zeros(16, dtype=torch.int64), ("only",))
    >>> made = recipes(["contrast", "cell_0_0:noise"], data, num_nulls=2, seed=0)
    >>> [recipe.name for recipe in made]
    ['contrast', 'cell_0_0-noise', 'null_0', 'null_1']
    """
    for mode in modes:
        if mode not in MODES:
            raise InputError(f"unknown mode {mode!r}", "modes", f"Use some of {', '.join(MODES)}.")
    there = known(dataset, regions.grid, regions.masks)
    singles = [
        _Single(name, find(name, there, dataset, regions.learned), mode)
        for name, mode in (_parsed(entry, there) for entry in features)
    ]
    made = [
        Recipe(
            single.name if mode == "remove" else f"{single.name}-{mode}",
            (single.name,),
            mode,
            seed,
            single.feature.meaning(mode),
            single.feature.kind,
            concept=single.concept,
        )
        for single in singles
        for mode in single.modes(modes)
    ]
    removed = {recipe.features[0]: recipe for recipe in made if recipe.mode == "remove"}
    made += [_interaction(entry, removed, seed) for entry in interactions]
    contents = [(frozenset(recipe.features), recipe.mode) for recipe in made]
    for recipe, content in zip(made, contents):
        if contents.count(content) > 1:
            raise InputError(f"{recipe.name} is named twice", WHERE, "Name each once.")
    made += _subsets(list(removed), num_subsets, subset_share, seed)
    made += [
        Recipe(
            f"null_{k}",
            (),
            "null",
            seed + k,
            "nothing: the same images in another order",
            "null",
        )
        for k in range(num_nulls)
    ]
    return _differently_named([replace(each, regions=_needed(each, regions)) for each in made])


def _needed(recipe: Recipe, regions: Regions) -> Regions:
    """Leave out of the record of one variant what was learned, where it does not ask for that."""
    is_asked = any(is_learned(name) for name in recipe.features)
    return regions if is_asked else replace(regions, learned="")


@dataclass(frozen=True)
class _Single:
    """An entry of the list of features."""

    name: str
    feature: Feature | Selection
    mode: str | None

    @property
    def concept(self) -> str:
        return self.feature.judged.concept if isinstance(self.feature, Learned) else ""

    def modes(self, asked: Iterable[str]) -> list[str]:
        if self.mode is not None:
            return [self.mode]
        self.feature.require_change()
        modes = [mode for mode in asked if mode in self.feature.modes]
        if not modes:
            raise InputError(
                f"feature {self.name} has none of the modes {', '.join(asked)}",
                "modes",
                f"It has: {', '.join(self.feature.modes)}. Add one or leave the feature out.",
            )
        return modes


def _parsed(entry: str, there: dict[str, Feature | Selection]) -> tuple[str, str | None]:
    name, _, mode = entry.rpartition(":")
    if entry not in there and (name in there or (name and mode in MODES)):
        return name, mode
    return entry, None


def _interaction(entry: str, removed: dict[str, Recipe], seed: int) -> Recipe:
    names = [name.strip() for name in entry.split("+")]
    where = "interactions"
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(
            f"{entry!r} is no interaction of two or more features", where, "Write it as a+b."
        )
    for name in names:
        if name not in removed:
            raise InputError(
                f"{entry}: {name} is not removed by itself, so there is nothing to compare with",
                where,
                f"Add {name} to `features` and remove to `modes`.",
            )
    meaning = "together: " + "; ".join(removed[name].meaning for name in names)
    return Recipe("+".join(names), tuple(names), "remove", seed, meaning, "interaction")


def _subsets(names: list[str], num_subsets: int, share: float, seed: int) -> list[Recipe]:
    if num_subsets == 0:
        return []
    members = draw_subsets(len(names), num_subsets, share, seed=seed)
    chosen = [tuple(names[k] for k in torch.nonzero(row).flatten()) for row in members]
    return [
        Recipe(
            f"subset_{k:03d}",
            subset,
            "remove",
            seed,
            f"removed together: {', '.join(subset)}",
            "subset",
        )
        for k, subset in enumerate(chosen)
    ]


def _differently_named(made: list[Recipe]) -> list[Recipe]:
    """The same recipes, no two of one name: ``a-permute`` may be a mode of ``a``, and a feature."""
    by_name: dict[str, Recipe] = {}
    for recipe in made:
        name, count = recipe.name, 1
        while name in by_name:
            count += 1
            name = f"{recipe.name}-{count}"
        by_name[name] = replace(recipe, name=name)
    return list(by_name.values())
