"""GANs retrained by their author's own function, one by one."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.device import resolve_device
from ganatomy.files import read_json
from ganatomy.gan.adopt.training import TrainingBudget
from ganatomy.gan.training import num_steps
from ganatomy.importance.own_retraining import retrain_by_author
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.retrain.artifacts import write_artifacts
from tasks.retrain.asked import trainings_of
from tasks.retrain.params import THREADS_PER_SHARD, Retrain
from tasks.shared import adopted, checkpoints
from tasks.shared.adopted import told_port
from tasks.shared.artifact_paths import PREPARED, VARIANTS
from tasks.shared.events import Events
from tasks.shared.provenance import ENVIRONMENT, RETRAINING
from tasks.shared.variant_data import load_variants
from tasks.variants.params import Variants


def retrain_as_told(shard: int, params: Retrain, base: Base, events: Events) -> None:
    """Train this shard's GANs by the function that the port of the adopted GAN names."""
    told = told_port(Path(), GanSection.load())
    assert told is not None
    budget, mine = _budget(params, base), trainings_of(shard, params, base)
    kept = checkpoints.folder_for(
        f"retrain-{shard}",
        {
            "base": base.model_dump(),
            "variants": Variants.load().model_dump(),
            "members": [training.name for training in mine],
            "budget": {**asdict(budget), "device": str(budget.device)},
            "by": read_json(RETRAINING),
        },
        [VARIANTS / "index.json", PREPARED / "train.safetensors", ENVIRONMENT],
    )
    adopted.import_from(told.folder)
    retrain = partial(
        retrain_by_author,
        mine,
        load_variants(dict.fromkeys(training.recipe for training in mine)),
        told.port,
        values=told.without_weights(),
        budget=budget,
        on_progress=lambda done, total: events.progress(done, total, "GANs"),
    )
    with adopted.naming(told):
        write_artifacts(shard, kept, events, retrain)


def _budget(params: Retrain, base: Base) -> TrainingBudget:
    settings = params.settings(GanSection.load().method())
    return TrainingBudget(
        epochs=settings.epochs,
        num_steps=num_steps(len(Dataset.load(PREPARED, "train", mapped=True)), settings),
        batch_size=settings.batch_size,
        device=resolve_device(base.device),
        num_threads=THREADS_PER_SHARD,
    )
