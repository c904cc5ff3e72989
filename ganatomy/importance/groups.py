"""Which groups of training images help a GAN, and which harm it.

Datamodels (Ilyas et al. 2022, arXiv 2202.00622) whose features are groups of images: GANs are
trained without random subsets of the groups, and what they become is regressed on which groups were
left out. Terashita et al. (ICLR 2021, arXiv 2101.08367) estimate the same influence on the Fréchet
distance for single images, from gradients along one training.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.gan.settings import Method
from ganatomy.importance.datamodels import datamodels
from ganatomy.importance.experiment import Experiment, StudySize
from ganatomy.importance.group_result import GroupInfluence
from ganatomy.importance.measuring import read_out
from ganatomy.importance.study import check_size

_COLUMN = "group="


def with_groups(dataset: Dataset, groups: torch.Tensor) -> Dataset:
    """Give each group of images a column of the attributes, by which it can be left out.

    Parameters
    ----------
    dataset : Dataset
    groups : Tensor of shape (n,), int64
        Each image's group; those below 0 belong to none and are never left out.

    Returns
    -------
    Dataset
        With attributes ``group=<k>``, 1 in group k and else 0.

    Raises
    ------
    InputError
        Not one group for each image, or fewer than two groups.

    Examples
    --------
    >>> data = Dataset(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.zeros(4).long())
    >>> sorted(with_groups(data, torch.tensor([0, 0, 1, -1])).attributes)
    ['group=0', 'group=1']
    """
    if groups.shape != (len(dataset),) or groups.is_floating_point():
        raise InputError(
            f"{len(dataset)} images, but groups are {groups.dtype} of shape {tuple(groups.shape)}",
            "groups",
            "Give one whole number for each image.",
        )
    names = [int(group) for group in groups.unique() if group >= 0]
    if len(names) < 2:
        raise InputError(
            f"{len(names)} groups, so none can be left out while another stays",
            "groups",
            "Divide the images into at least 2 groups; 10 to 20 are usual.",
        )
    columns = {f"{_COLUMN}{name}": (groups == name).float() for name in names}
    return replace(dataset, attributes={**dataset.attributes, **columns})


def group_influence(
    dataset: Dataset,
    groups: torch.Tensor,
    *,
    num_subsets: int,
    subset_share: float = 0.5,
    size: StudySize | None = None,
    method: Method | None = None,
    fdr: float = 0.05,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> GroupInfluence:
    """Measure what each group of training images does to a GAN, by training without them.

    Every training has as many steps, however many images are left.

    Parameters
    ----------
    dataset : Dataset
        Its last fifth is held out: images that you trust, for GANs are judged by them.
    groups : Tensor of shape (n,), int64
        As for `with_groups`; those of the held-out images do not count.
    num_subsets : int
        Random subsets of the groups that are left out; at least as many as groups + 2, and better
        twice as many. Each is trained with every seed.
    subset_share : float in (0, 1)
        Of the subsets that leave a group out.
    size : StudySize, optional
        How much is spent; 2 seeds and 2 nulls are enough here.
    method : Method, optional
    fdr : float in (0, 1)
        Share of false ones among all that stand out.
    seed : int
    on_progress : callable
        Called with (done, total) steps of all trainings.
    on_warning : callable
        Told of subsets that have diverged, and of packs that are smaller.

    Raises
    ------
    InputError
        Groups that do not fit the images, or too few subsets, images, nulls or seeds: all but
        too few images before anything is trained.
    """
    size = size or StudySize()
    check_size(size)
    marked = with_groups(dataset, groups)
    _recipes(marked, size.num_nulls, seed, num_subsets, subset_share)  # refuses before all else
    experiment = Experiment.begin(marked, size, seed=seed, method=method)
    return influence_in(
        experiment,
        num_subsets=num_subsets,
        subset_share=subset_share,
        fdr=fdr,
        on_progress=on_progress,
        on_warning=on_warning,
    )


def influence_in(
    experiment: Experiment,
    *,
    num_subsets: int,
    subset_share: float = 0.5,
    fdr: float = 0.05,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> GroupInfluence:
    """Do what `group_influence` does, in an experiment on data that is `with_groups`."""
    asked = _recipes(
        experiment.train, experiment.size.num_nulls, experiment.seed, num_subsets, subset_share
    )
    members = experiment.members(
        experiment.variants(asked), on_progress=on_progress, on_warning=on_warning
    )
    read = read_out(members, experiment.evaluation, num_members=len(members))
    for row in read.diverged.to_dict("records"):
        on_warning(f"{row['variant']}, seed {row['seed']}, has diverged: it is left out")
    return GroupInfluence(by_group(datamodels(read.repeats, fdr)), read.repeats)


def _recipes(
    train: Dataset, num_nulls: int, seed: int, num_subsets: int, subset_share: float
) -> list[Recipe]:
    """The subsets of the groups, and nulls; what leaving out one alone does is not asked."""
    if num_subsets < 1:
        raise InputError(
            f"{num_subsets} subsets of the groups",
            "num_subsets",
            "Take at least as many as groups + 2, and better twice as many.",
        )
    columns = [name for name in train.attributes if name.startswith(_COLUMN)]
    made = recipes(
        [f"attribute_{name}" for name in columns if train.attributes[name].any()],
        train,
        num_nulls=num_nulls,
        seed=seed,
        num_subsets=num_subsets,
        subset_share=subset_share,
    )
    return [recipe for recipe in made if recipe.kind in ("subset", "null")]


def by_group(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table of `datamodels` with each group's number in place of its feature's name."""
    group = table["feature"].str.removeprefix(f"attribute_{_COLUMN}").astype(np.int64)
    return (
        table.drop(columns="feature")
        .assign(group=group)[["group", *table.columns.drop("feature")]]
        .sort_values(["readout", "group"], ignore_index=True)
    )
