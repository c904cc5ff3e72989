"""GANs trained anew on variants of a data set, handed over one by one or kept in memory."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.ensemble import EnsembleCallbacks, Job, Packing, Trained, View, train_ensemble
from ganatomy.gan.settings import TrainingSettings
from ganatomy.importance.members import Member


@dataclass(frozen=True)
class Budget:
    """The settings that every member is trained with.

    Attributes
    ----------
    architecture : Architecture
    settings : TrainingSettings
    num_steps : int
        Of G, the same for all members however many images they have.
    packing : Packing
    device : torch.device
    """

    architecture: Architecture
    settings: TrainingSettings
    num_steps: int
    packing: Packing
    device: torch.device

    def shortened(self, share: float) -> "Budget":
        """Give the same with this share of the steps, at least one."""
        return replace(self, num_steps=max(1, round(share * self.num_steps)))


@dataclass(frozen=True)
class Training:
    """The variant and the seed of one GAN that is to be trained.

    Members of a seed share initial weights, latents and minibatches' places. With an `order_seed`
    the seed decides the initial weights alone, and the other all that is drawn after them.
    """

    recipe: Recipe
    seed: int
    order_seed: int | None = None

    @property
    def name(self) -> str:
        """Name for files."""
        return f"{self.recipe.folder}-s{self.seed}"


def trainings(
    recipes: Sequence[Recipe], seeds: Sequence[int], *, shard: int = 0, num_shards: int = 1
) -> list[Training]:
    """List every recipe with every seed, seed by seed, or one shard's share of them.

    Examples
    --------
    >>> nulls = [Recipe(f"null_{k}", (), "null", k, "", "null") for k in range(3)]
    >>> [training.name for training in trainings(nulls, [7, 8])]
    ['null_0-s7', 'null_1-s7', 'null_2-s7', 'null_0-s8', 'null_1-s8', 'null_2-s8']
    >>> [training.name for training in trainings(nulls, [7, 8], shard=1, num_shards=2)]
    ['null_1-s7', 'null_0-s8', 'null_2-s8']
    """
    every = [Training(recipe, seed) for seed in seeds for recipe in recipes]
    return every[shard::num_shards]


def retrain(
    asked: Sequence[Training],
    data: Mapping[str, Dataset],
    budget: Budget,
    *,
    callbacks: EnsembleCallbacks,
    kept: Path,
    is_done: Callable[[str], bool] = lambda name: False,
    shares: Sequence[float] = (),
) -> int:
    """Train GANs, as many at a time as the budget's packing says.

    Parameters
    ----------
    asked : sequence of Training
    data : mapping of str to Dataset
        By the name of the recipe.
    budget : Budget
    callbacks : EnsembleCallbacks
        Is handed every trained GAN, by `Training.name`.
    kept : Path
        Where packs that are broken off are kept, to go on from.
    is_done : callable
        Whether a training, by name, was done before.
    shares : sequence of float in (0, 1)
        Of the steps, besides the end, at which GANs are handed over.

    Returns
    -------
    int
        How many members the largest pack had.

    Raises
    ------
    InputError
        A variant has fewer images than one batch, or lacks the labels that the method needs.
    """
    conditional = budget.architecture.num_classes > 0
    jobs = []
    for training in asked:
        own = data[training.recipe.name]
        labels = own.labels if conditional else None
        view = View(own.images, labels, training.seed, training.order_seed)
        jobs.append(Job(training.name, view))
    return train_ensemble(
        jobs,
        budget.architecture,
        budget.settings,
        device=budget.device,
        total=budget.num_steps,
        packing=budget.packing,
        callbacks=callbacks,
        kept=kept,
        is_done=is_done,
        shares=tuple(shares),
    )


def retrain_members(
    variants: Sequence[tuple[Recipe, Dataset]],
    seeds: Sequence[int],
    budget: Budget,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> list[Member]:
    """Train every variant with every seed; the GANs stay in memory, and nothing on disk.

    Parameters
    ----------
    variants : sequence of (Recipe, Dataset)
        Nulls among them.
    seeds : sequence of int
        Of the trainings.
    budget : Budget
    on_progress : callable
        Called with (done, total) steps of all trainings together.
    on_warning : callable
        Told of members that have to be trained one by one, or in smaller packs.
    """
    return train_members(
        trainings([recipe for recipe, _ in variants], seeds),
        {recipe.name: dataset for recipe, dataset in variants},
        budget,
        on_progress=on_progress,
        on_warning=on_warning,
    )


def train_members(
    asked: Sequence[Training],
    data: Mapping[str, Dataset],
    budget: Budget,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> list[Member]:
    """Train GANs that are named one by one; they stay in memory, and nothing on disk.

    Parameters
    ----------
    asked : sequence of Training
    data : mapping of str to Dataset
        By the name of the recipe.
    budget, on_progress, on_warning
        As for `retrain_members`.
    """
    about = {training.name: training for training in asked}
    members: list[Member] = []

    def take(trained: Trained) -> None:
        gan, training = trained.gan, about[trained.name]
        members.append(
            Member(
                training.recipe,
                training.seed,
                trained.share,
                copy.deepcopy(gan.generator_ema) if gan else None,
                copy.deepcopy(gan.discriminator) if gan else None,
            )
        )

    callbacks = EnsembleCallbacks(on_progress, take, on_warning, lambda: False)
    with TemporaryDirectory() as folder:
        retrain(asked, data, budget, callbacks=callbacks, kept=Path(folder))
    return members
