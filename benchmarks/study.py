"""A study of feature importance in memory: data set in, statistics out."""

from dataclasses import dataclass

import pandas as pd
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import Recipe
from ganatomy.data.images import to_uint8
from ganatomy.data.variants import apply, recipes
from ganatomy.explain.importance import Probe
from ganatomy.explain.reliance import reliance
from ganatomy.explain.statistics import summarise
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.sampling import generate, latents
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.state import begin
from ganatomy.gan.training import architecture_for, finished, train
from ganatomy.metrics.evaluator import train_evaluator
from ganatomy.metrics.random_features import RandomFeatures
from ganatomy.retraining import Budget, retrain_and_read

CPU = torch.device("cpu")
METHOD = Method(r1=0.3, penalty_every=16, beta1=0.0, schedule="linear")  # that of params.yaml
_BASE_SEED = 9_999_999


@dataclass(frozen=True)
class Size:
    """How much is spent on a study.

    Attributes
    ----------
    num_steps, width, batch_size : int
        Of each training.
    num_seeds, num_nulls : int
    num_fakes : int
        And as many held-out images.
    evaluator_epochs : int
    """

    num_steps: int = 400
    width: int = 16
    batch_size: int = 32
    num_seeds: int = 4
    num_nulls: int = 4
    num_fakes: int = 500
    evaluator_epochs: int = 3


class Study:
    """What is the same for all trainings on one data set.

    Parameters
    ----------
    dataset : Dataset
        Its last fifth is held out.
    size : Size
    seed : int
    packing : Packing
    """

    def __init__(
        self, dataset: Dataset, size: Size, seed: int = 0, packing: Packing | None = None
    ) -> None:
        self.size, self.seed = size, seed
        place = torch.arange(len(dataset))
        held_out = place >= 4 * len(dataset) // 5
        self.train, test = dataset.take(place[~held_out]), dataset.take(place[held_out])
        settings = TrainingSettings(1, size.batch_size, 64, size.width, 2e-3, 0.99, METHOD)
        architecture = architecture_for(dataset.images, settings, 0)
        packing = packing or Packing("grouped", 4)
        self.budget = Budget(architecture, settings, size.num_steps, packing, CPU)
        base = begin(architecture, settings, seed + _BASE_SEED, CPU)
        train(
            base,
            self.train.images,
            None,
            settings,
            seed + _BASE_SEED,
            lambda *_: None,
            0,
            total=size.num_steps,
        )
        network = train_evaluator(
            self.train, 16, size.evaluator_epochs, 64, 3e-3, seed, CPU, lambda *_: None
        )
        count = min(size.num_fakes, len(test))
        z = latents(2 * count, architecture, seed, "study")
        self.base = finished(base)
        fakes = to_uint8(generate(self.base.generator_ema, z[count:]))
        self.test = test.take(torch.arange(count))
        random_features = RandomFeatures(dataset.images.shape[1])
        self.probe = Probe(
            self.test.images, fakes, z[:count], network, random_features, test.class_names
        )

    def recipes(self, features: list[str]) -> list[Recipe]:
        """Each feature removed, and the nulls."""
        nulls = self.size.num_nulls
        return recipes(features, ["remove"], [], 0, 0.5, nulls, self.train, self.seed)

    def repeats(
        self,
        variants: dict[str, tuple[Recipe, Dataset]],
        seeds: list[int] | None = None,
        share: float = 1.0,
    ) -> pd.DataFrame:
        """Train and read out every variant with every seed."""
        budget = self.budget
        steps = max(1, round(share * budget.num_steps))
        shorter = Budget(budget.architecture, budget.settings, steps, budget.packing, budget.device)
        own = [self.seed + k for k in range(self.size.num_seeds)] if seeds is None else seeds
        return retrain_and_read(
            variants, own, shorter, self.probe, lambda _done, _total: None
        ).repeats

    def variants(self, features: list[str]) -> dict[str, tuple[Recipe, Dataset]]:
        """The data sets of `recipes`."""
        made = self.recipes(features)
        return {recipe.name: (recipe, apply(self.train, recipe).dataset) for recipe in made}

    def summary(self, features: list[str], fdr: float = 0.05) -> pd.DataFrame:
        """Statistics of removing each feature."""
        return summarise(self.repeats(self.variants(features)), fdr)

    def reliance(self, features: list[str], fdr: float = 0.05) -> pd.DataFrame:
        """What the base D makes of held-out images without each feature; nothing is retrained."""
        changed = [
            (recipe.name, recipe.features, recipe.mode, apply(self.test, recipe).dataset.images)
            for recipe in self.recipes(features)
            if not recipe.is_null
        ]
        return reliance(
            self.base.discriminator,
            self.test.images,
            changed,
            self.probe.base_fakes,
            fdr,
            self.seed,
        )
