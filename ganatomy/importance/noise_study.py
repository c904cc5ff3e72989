"""Where the noise of retraining comes from: the study, from a data set to its result."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.settings import Method
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.experiment import Experiment, StudySize
from ganatomy.importance.measuring import read_out
from ganatomy.importance.members import Member
from ganatomy.importance.noise import COLUMNS, NoiseDesign, NoiseStudy, balanced
from ganatomy.importance.retraining import Training, train_members
from ganatomy.metrics.evaluator import digest_of

_FEWEST = 2


def noise_of_retraining(
    dataset: Dataset,
    *,
    num_initialisations: int = 6,
    num_orders: int = 6,
    num_draws: int = 4,
    size: StudySize | None = None,
    packing: Packing | None = None,
    method: Method | None = None,
    device: torch.device | str = "cpu",
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> NoiseStudy:
    """Train GANs on one data set in a crossed design, and split what makes them differ.

    Every initialisation is trained with every order of the data, and each GAN is measured on every
    draw of held-out images and latents. As "The FID Lottery" (arXiv 2606.20536) asked of flow
    models: how far does a new seed of the training move a metric, beside a new sample?

    Parameters
    ----------
    dataset : Dataset
        Its last fifth is held out, and divided among the draws.
    num_initialisations, num_orders, num_draws : int
        At least 2 of each. An order is all that is drawn in training: minibatches, latents, mixes.
    size : StudySize, optional
        Its seeds and nulls do not count here.
    packing : Packing, optional
    method : Method, optional
    device : torch.device or str
    seed : int
        The first of the initialisations and of the orders.
    on_progress : callable
        Called with (done, total) steps of all trainings together.
    on_warning : callable
        Told of GANs that have diverged: with them a whole initialisation or order is left out.

    Returns
    -------
    NoiseStudy

    Raises
    ------
    InputError
        Fewer than two of a kind, or too few images to hold out for so many draws.

    Examples
    --------
    >>> import torch
    >>> images = torch.randint(0, 256, (200, 1, 28, 28), dtype=torch.uint8)
    >>> data = Dataset(images, torch.zeros(200, dtype=torch.int64))
    >>> tiny = StudySize(num_steps=2, width=4, evaluator_epochs=1)
    >>> few = {"num_initialisations": 2, "num_orders": 2, "num_draws": 2}
    >>> len(noise_of_retraining(data, size=tiny, **few).bands)
    9
    """
    counts = {
        "num_initialisations": num_initialisations,
        "num_orders": num_orders,
        "num_draws": num_draws,
    }
    for name, count in counts.items():
        if count < _FEWEST:
            raise InputError(f"{count} of them cannot differ", name, "Ask for at least 2.")
    size = size or StudySize()
    held_out = len(dataset) - -(-4 * len(dataset) // 5)
    count = min(size.num_fakes, held_out // num_draws)
    experiment = Experiment.begin(
        dataset,
        replace(size, num_fakes=count * num_draws),
        seed=seed,
        packing=packing,
        method=method,
        device=device,
    )
    orders = {f"order_{seed + number}": seed + number for number in range(num_orders)}
    asked = [
        Training(Recipe(name, (), "null", order, "", "null"), seed + number, order)
        for number in range(num_initialisations)
        for name, order in orders.items()
    ]
    members = train_members(
        asked,
        dict.fromkeys(orders, experiment.train),
        experiment.budget,
        on_progress=on_progress,
        on_warning=on_warning,
    )
    return measured(members, experiment, num_draws=num_draws, on_warning=on_warning)


def measured(
    members: list[Member],
    experiment: Experiment,
    *,
    num_draws: int,
    on_warning: Callable[[str], None] = lambda text: None,
) -> NoiseStudy:
    """Measure the GANs of a crossed design on each draw that the evaluation set is cut into.

    Parameters
    ----------
    members : list of Member
        Of every initialisation (the seed) with every order (the recipe).
    experiment : Experiment
    num_draws : int
    on_warning : callable
    """
    tables = []
    parts = draws_of(experiment.evaluation, num_draws)
    for number, part in enumerate(parts):
        read = read_out(members, part, num_members=len(members))
        tables.append(read.repeats.assign(draw=number))
        for row in read.diverged.to_dict("records") if number == 0 else ():
            on_warning(f"{row['variant']} of seed {row['seed']} has diverged")
    renamed = pd.concat(tables).rename(columns={"seed": "initialisation", "variant": "order"})
    repeats = balanced(renamed[COLUMNS])
    budget, evaluator = experiment.budget, experiment.evaluation.evaluator
    design = NoiseDesign(
        is_crossed=True,
        count=len(parts[0].z),
        num_steps=budget.num_steps,
        width=budget.settings.width,
        batch_size=budget.settings.batch_size,
        evaluator=digest_of(evaluator),
    )
    return NoiseStudy(repeats, design)


def draws_of(evaluation: EvaluationSet, num_draws: int) -> list[EvaluationSet]:
    """Cut what is measured on into equal parts that share no image and no latent."""
    count = len(evaluation.z) // num_draws
    return [
        replace(
            evaluation,
            held_out=evaluation.held_out.take(place),
            base_fakes=evaluation.base_fakes[place],
            z=evaluation.z[place],
        )
        for place in torch.arange(count * num_draws).split(count)
    ]
