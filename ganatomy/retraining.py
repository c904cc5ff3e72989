"""GANs retrained on variants of a data set and read out at once, with nothing kept on disk."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.features import GRID
from ganatomy.data.features.recipes import Recipe
from ganatomy.data.variants import ChangesNothing, apply
from ganatomy.explain.importance import Member, Probe, ReadOut, read_out
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.ensemble import Packing, Trained, Watch, jobs_of, train_ensemble
from ganatomy.gan.settings import TrainingSettings


def changed_alike(
    probe: Probe, recipe: Recipe, grid: int = GRID, masks: Sequence[str | Path] = ()
) -> torch.Tensor | None:
    """The probe's test images and base fakes without a feature: for `Member.changed`.

    Both are changed as one data set, so that what is put in the feature's place tells nothing.

    Returns
    -------
    Tensor of shape (n + m, c, s, s), uint8, or None
        None for a null, and for features that leave images out instead of changing them.
    """
    images = torch.cat([probe.test_images, probe.base_fakes])
    both = Dataset(images, torch.full((len(images),), UNLABELLED))
    if recipe.is_null or recipe.selects:
        return None
    try:
        return apply(both, recipe, "cpu", grid, masks).dataset.images
    except ChangesNothing:  # of the training images it changes something
        return images


@dataclass(frozen=True)
class Budget:
    """What every member is trained with.

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


def retrain_and_read(
    variants: Mapping[str, tuple[Recipe, Dataset]],
    seeds: Sequence[int],
    budget: Budget,
    probe: Probe,
    progress: Callable[[int, int], None],
    warn: Callable[[str], None] = lambda _text: None,
) -> ReadOut:
    """Train every variant with every seed, and measure what became of it.

    Parameters
    ----------
    variants : mapping of str to (Recipe, Dataset)
        Nulls among them.
    seeds : sequence of int
        Of the trainings; members of a seed share initial weights, latents and minibatches' places.
    budget : Budget
    probe : Probe
    progress : callable
        Called with (done, total) steps of all trainings together.
    warn : callable
        Told of members that have to be trained one by one, or in smaller packs.
    """
    conditional = budget.architecture.num_classes > 0
    data = {name: dataset for name, (_, dataset) in variants.items()}
    jobs = jobs_of(data, seeds, conditional)
    about = {job.name: (variants[name][0], seed) for job, name, seed in jobs}
    members: list[Member] = []
    changed = {name: changed_alike(probe, recipe) for name, (recipe, _) in variants.items()}

    def take(trained: Trained) -> None:
        recipe, seed = about[trained.name]
        gan = trained.gan
        members.append(
            Member(
                recipe.name,
                recipe.features,
                recipe.mode,
                recipe.is_null,
                seed,
                1.0,
                copy.deepcopy(gan.generator_ema) if gan else None,
                copy.deepcopy(gan.discriminator) if gan else None,
                changed[recipe.name],
            )
        )

    with TemporaryDirectory() as folder:
        train_ensemble(
            [job for job, _, _ in jobs],
            budget.architecture,
            budget.settings,
            budget.device,
            budget.num_steps,
            budget.packing,
            Watch(progress, take, warn, lambda: False),
            Path(folder),
            lambda _name: False,
        )
    with torch.no_grad():
        return read_out(members, len(members), probe, lambda _done, _total: None)
