"""Data sets that each differ from the original in some feature, and nulls that do not."""

from dataclasses import dataclass, replace

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import CHUNK, Pixels, Selection, find, known
from ganatomy.data.features.feature import WHERE
from ganatomy.data.features.recipes import recipes
from ganatomy.data.images import to_uint8
from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.rng import generator

__all__ = [
    "ChangesNothing",
    "Recipe",
    "Variant",
    "apply",
    "before_and_after",
    "make_variant",
    "recipes",
]

MIN_IMAGES = 10
_HINTS = {
    "region": "All images are the same there. ",
    "background": "All backgrounds are flat and of the same colour. ",
    "colour": "The images are grey, or all alike in this. ",
    "balance": "All classes are equally frequent already. ",
    "attribute": "The column has one value only. ",
    "learned": "All images lie at the same place along it. ",
}


class ChangesNothing(InputError):
    """A recipe that leaves the data as it is, or leaves nothing of it.

    Its row can be marked as such instead of being trained on.
    """


@dataclass(frozen=True)
class Variant:
    """A changed data set.

    Attributes
    ----------
    dataset : Dataset
    change : float in [0, 255]
        Mean absolute change of a pixel's value, over all images that are left; 0 where images
        were only left out or put into another order.
    """

    dataset: Dataset
    change: float


def make_variant(dataset: Dataset, recipe: Recipe) -> Dataset:
    """Apply a recipe to the train split on the CPU; see `apply`."""
    return apply(dataset, recipe).dataset


def apply(
    dataset: Dataset,
    recipe: Recipe,
    device: torch.device | str = "cpu",
    *,
    chunk: int = CHUNK,
) -> Variant:
    """Apply a recipe to the train split where it is to be trained on.

    A null holds the same images in another order: its minibatches differ, its content does not, so
    the spread of nulls is the noise of retraining itself. Several features are changed one after
    the other, and what comes between them is rounded to bytes as on disk.

    Parameters
    ----------
    dataset : Dataset
        It is left as it was.
    recipe : Recipe
    device : torch.device or str
        Where the pixels are changed and the result lies. The same numbers are drawn everywhere;
        on a GPU a value may still be rounded to the next level.
    chunk : int
        How many images are held as floats at a time; it does not change the result.

    Returns
    -------
    Variant

    Raises
    ------
    ChangesNothing
        Every image stays as it was, or none is left.
    InputError
        Fewer than 10 images are left, or the recipe does not fit the data.
    """
    original = _moved(dataset, torch.device(device))
    if recipe.is_null:
        order = torch.randperm(len(dataset), generator=generator(recipe.seed, "null", "order"))
        return Variant(original.take(order.to(device)), 0.0)
    features = known(dataset, recipe.regions.grid, recipe.regions.masks)
    changed, index = original, torch.arange(len(dataset))
    kinds = []
    for name in recipe.features:
        feature = find(name, features, dataset, recipe.regions.learned)
        kinds.append(feature.kind)
        if isinstance(feature, Selection):
            chosen = feature.select(changed, recipe.mode, recipe.seed).cpu()
            changed, index = changed.take(chosen.to(device)), index[chosen]
            _check_enough(recipe.name, len(index), len(dataset))
        else:
            parts = feature.parts(Pixels(changed.images, chunk), recipe.mode, recipe.seed)
            changed = replace(changed, images=torch.cat([to_uint8(part) for part in parts]))
    change = _mean_change(original.images, changed.images, index, chunk)
    if change == 0 and torch.equal(index.sort().values, torch.arange(len(dataset))):
        raise ChangesNothing(
            f"{recipe.name} changes nothing on this data",
            WHERE,
            f"{_HINTS.get(kinds[0], '')}Leave it out: its influence is zero by construction.",
        )
    return Variant(changed, change)


def _moved(dataset: Dataset, device: torch.device) -> Dataset:
    if dataset.images.device.type == device.type:
        return dataset
    return Dataset(
        dataset.images.to(device),
        dataset.labels.to(device),
        dataset.class_names,
        {name: values.to(device) for name, values in dataset.attributes.items()},
    )


def _check_enough(name: str, left: int, whole: int) -> None:
    if left == 0:
        raise ChangesNothing(
            f"{name} leaves no image", WHERE, "Leave it out: there is nothing to train on."
        )
    if left < min(whole, MIN_IMAGES):
        raise InputError(
            f"{name} leaves {left} of {whole} images, too few to train on",
            WHERE,
            f"Leave it out, or use more images: at least {MIN_IMAGES} have to be left.",
        )


def _mean_change(
    before: torch.Tensor, after: torch.Tensor, index: torch.Tensor, chunk: int
) -> float:
    total = 0
    for part, places in zip(after.split(chunk), index.to(before.device).split(chunk)):
        total += int((part.short() - before[places].short()).abs().sum())
    return total / after.numel()


def before_and_after(original: Dataset, changed: Dataset, count: int = 10) -> torch.Tensor:
    """Stack two rows of images, `count` each: the first originals, and the first of the variant."""
    return torch.cat([original.images[:count], changed.images[:count]])
