"""A data set, a base GAN and a budget: what all retrained GANs of one study have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.data.recipe import USUAL_REGIONS, Recipe, Regions
from ganatomy.data.variants import ChangesNothing, apply
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import latents
from ganatomy.gan.settings import RETRAINING, Method
from ganatomy.gan.state import begin
from ganatomy.gan.training import architecture_for, finished, train
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.measuring import read_out
from ganatomy.importance.members import Member
from ganatomy.importance.repeats import ReadOut
from ganatomy.importance.retraining import Budget, retrain_members
from ganatomy.metrics.evaluator import train_evaluator

_BASE_SEED = 9_999_999


@dataclass(frozen=True, kw_only=True)
class StudySize:
    """The budget of a study.

    By default shorter trainings, fewer images and a quicker evaluator than those of the pipeline.

    Attributes
    ----------
    num_steps, width, batch_size : int
        Of each training.
    num_seeds, num_nulls : int
    num_fakes : int
        And as many held-out images.
    evaluator_epochs : int

    Examples
    --------
    >>> StudySize(num_steps=50, num_seeds=2).num_nulls
    4
    """

    num_steps: int = 400
    width: int = RETRAINING.width
    batch_size: int = RETRAINING.batch_size
    num_seeds: int = 4
    num_nulls: int = 4
    num_fakes: int = 500
    evaluator_epochs: int = 3


@dataclass(frozen=True)
class Experiment:
    """The data, settings and base GAN that all trainings on one data set share.

    Attributes
    ----------
    train : Dataset
        What variants are made of.
    base : Gan
        Trained on `train` as the others are, with a seed of its own.
    evaluation : EvaluationSet
        What is held out, the base GAN's images, latents and feature networks.
    budget : Budget
        Of each training.
    size : StudySize
    seed : int
        The first of the trainings' seeds.
    """

    train: Dataset
    base: Gan
    evaluation: EvaluationSet
    budget: Budget
    size: StudySize
    seed: int

    @staticmethod
    def begin(
        dataset: Dataset,
        size: StudySize | None = None,
        *,
        seed: int = 0,
        packing: Packing | None = None,
        method: Method | None = None,
        device: torch.device | str = "cpu",
    ) -> "Experiment":
        """Hold the last fifth of the data out; train a base GAN and an evaluator on the rest."""
        size, device = size or StudySize(), torch.device(device)
        place = torch.arange(len(dataset))
        is_held_out = place >= 4 * len(dataset) // 5
        known, held_out = dataset.take(place[~is_held_out]), dataset.take(place[is_held_out])
        settings = replace(
            RETRAINING, batch_size=size.batch_size, width=size.width, method=method or Method()
        )
        architecture = architecture_for(dataset.images, settings, len(dataset.class_names))
        packing = packing or Packing("grouped", 4)
        budget = Budget(architecture, settings, size.num_steps, packing, device)
        base = _trained(known, budget, seed + _BASE_SEED)
        evaluator = train_evaluator(
            known,
            epochs=size.evaluator_epochs,
            seed=seed,
            device=device,
            progress=lambda *_: None,
        )
        count = min(size.num_fakes, len(held_out))
        z = latents(2 * count, architecture, seed, "study")
        evaluation = EvaluationSet.of(
            held_out, base.generator_ema, evaluator, z=z[:count], base_z=z[count:]
        )
        return Experiment(known, base, evaluation, budget, size, seed)

    def recipes(
        self,
        features: Sequence[str],
        *,
        modes: Sequence[str] = ("remove",),
        regions: Regions = USUAL_REGIONS,
    ) -> list[Recipe]:
        """List each feature in each mode that it has, and the nulls."""
        return recipes(
            features,
            self.train,
            num_nulls=self.size.num_nulls,
            seed=self.seed,
            modes=modes,
            regions=regions,
        )

    def variants(
        self,
        asked: Sequence[Recipe],
        *,
        on_warning: Callable[[str], None] = lambda text: None,
    ) -> list[tuple[Recipe, Dataset]]:
        """Make the data set of each recipe; what changes nothing is left out with a warning."""
        variants = []
        for recipe in asked:
            try:
                variants.append((recipe, apply(self.train, recipe, self.budget.device).dataset))
            except ChangesNothing as nothing:
                on_warning(str(nothing))
        return variants

    def members(
        self,
        variants: Sequence[tuple[Recipe, Dataset]],
        *,
        seeds: Sequence[int] | None = None,
        share: float = 1.0,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
        on_warning: Callable[[str], None] = lambda text: None,
    ) -> list[Member]:
        """Train G and D on every variant with every seed; all stay in memory.

        Parameters
        ----------
        variants : sequence of (Recipe, Dataset)
            From `variants`, or made otherwise; nulls among them.
        seeds : sequence of int, optional
            By default `size.num_seeds` from `seed` on.
        share : float in (0, 1]
            Of the steps of a training in full.
        """
        own = range(self.seed, self.seed + self.size.num_seeds)
        return retrain_members(
            variants,
            own if seeds is None else seeds,
            self.budget.shortened(share),
            on_progress=on_progress,
            on_warning=on_warning,
        )

    def read(
        self,
        variants: Sequence[tuple[Recipe, Dataset]],
        *,
        seeds: Sequence[int] | None = None,
        share: float = 1.0,
    ) -> ReadOut:
        """Train as `members` does, and measure what became of them."""
        members = self.members(variants, seeds=seeds, share=share)
        recipes = [recipe for recipe, _ in variants]
        return read_out(members, self.evaluation, recipes=recipes, num_members=len(members))


def _trained(data: Dataset, budget: Budget, seed: int) -> Gan:
    state = begin(budget.architecture, budget.settings, seed, device=budget.device)
    labels = data.labels if budget.architecture.num_classes else None
    train(
        state,
        data.images,
        labels,
        settings=budget.settings,
        seed=seed,
        on_step=lambda *_: None,
        measure_every=0,
        total=budget.num_steps,
    )
    return finished(state)
