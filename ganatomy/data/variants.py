"""Data sets that each differ from the original in one feature, and nulls that do not."""

from dataclasses import asdict, dataclass

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import available
from ganatomy.errors import InputError
from ganatomy.rng import generator

UNCHANGED = "none"


@dataclass(frozen=True)
class Recipe:
    """How a variant was made.

    Attributes
    ----------
    name : str
        The variant's name: the feature's, or ``null_<k>``.
    feature : str
        A name in `features.available`, or `UNCHANGED`.
    mode : str
        ``remove``, or ``null``.
    seed : int
        For nulls, what their image order is drawn from.
    meaning : str
        In words, for the report.
    """

    name: str
    feature: str
    mode: str
    seed: int
    meaning: str

    @property
    def is_null(self) -> bool:
        """Whether nothing was changed."""
        return self.feature == UNCHANGED

    def to_json(self) -> dict[str, str | int]:
        """The recipe as plain values."""
        return asdict(self)


def recipes(
    features: list[str], num_nulls: int, class_names: tuple[str, ...], seed: int
) -> list[Recipe]:
    """One recipe for each feature, then the nulls.

    Raises
    ------
    InputError
        A feature that does not exist for this data, or one named twice.
    """
    known = available(class_names)
    made = []
    for name in features:
        if name not in known:
            raise InputError(
                f"unknown feature {name!r}",
                "variants.features",
                f"This data has: {', '.join(known)}.",
            )
        made.append(Recipe(name, name, "remove", seed, known[name].meaning))
    if len({recipe.name for recipe in made}) != len(made):
        raise InputError("a feature is named twice", "variants.features", "Name each once.")
    nulls = [
        Recipe(
            f"null_{k}", UNCHANGED, "null", seed + k, "nothing: the same images in another order"
        )
        for k in range(num_nulls)
    ]
    return made + nulls


def make_variant(dataset: Dataset, recipe: Recipe) -> Dataset:
    """Apply a recipe to the train split.

    A null holds the same images in another order: its minibatches differ, its content does not, so
    the spread of nulls is the noise of retraining itself.

    Raises
    ------
    InputError
        The change leaves every image as it was, or no image at all.
    """
    if recipe.is_null:
        order = torch.randperm(len(dataset), generator=generator(recipe.seed, "null", "order"))
        return dataset.take(order)
    changed = available(dataset.class_names)[recipe.feature].remove(dataset)
    if len(changed) == 0:
        raise InputError(
            f"removing {recipe.feature} leaves no image", "variants.features", "Leave it out."
        )
    if len(changed) == len(dataset) and torch.equal(changed.images, dataset.images):
        raise InputError(
            f"feature {recipe.feature} changes nothing on this data",
            "variants.features",
            "Leave it out: its influence is zero by construction.",
        )
    return changed


def before_and_after(original: Dataset, changed: Dataset, count: int = 10) -> torch.Tensor:
    """Two rows of images, `count` each: the first originals, and the first of the variant."""
    return torch.cat([original.images[:count], changed.images[:count]])
