"""GANs retrained by their author's own function, one by one."""

import shutil
from dataclasses import asdict
from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.device import resolve_device
from ganatomy.files import read_json, whole_folder, write_json
from ganatomy.gan.adopt.training import TrainingBudget
from ganatomy.gan.session import Interrupted
from ganatomy.gan.training import num_steps
from ganatomy.importance.own_retraining import retrain_by_author
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.retrain.asked import trainings_of
from tasks.retrain.params import THREADS_PER_SHARD, Retrain
from tasks.shared import adopted, checkpoints, stage
from tasks.shared.adopted import told_port
from tasks.shared.artifact_paths import PREPARED, REPORTS, RETRAINED, VARIANTS
from tasks.shared.events import Events
from tasks.shared.provenance import ENVIRONMENT, RETRAINING
from tasks.shared.results import write_metrics
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
    with (
        adopted.naming(told),
        whole_folder(RETRAINED / str(shard)) as folder,
        whole_folder(REPORTS / "retrain" / str(shard)) as report,
        stage.interruptible(Interrupted) as should_stop,
    ):
        retrained = retrain_by_author(
            mine,
            load_variants(dict.fromkeys(training.recipe for training in mine)),
            told.port,
            values=told.without_weights(),
            budget=budget,
            kept=kept,
            on_progress=lambda done, total: events.progress(done, total, "GANs"),
            on_member=lambda member: events.row("members", member.row()),
            on_warning=events.warning,
            should_stop=should_stop,
        )
        retrained.files.copy_to(folder)
        write_json(report / "members.json", retrained.rows())
        write_metrics(report, retrained.metrics())
    shutil.rmtree(retrained.files.folder, ignore_errors=True)  # they are in the artifact now
    checkpoints.finish(kept)


def _budget(params: Retrain, base: Base) -> TrainingBudget:
    settings = params.settings(GanSection.load().method())
    return TrainingBudget(
        epochs=settings.epochs,
        num_steps=num_steps(len(Dataset.load(PREPARED, "train", mapped=True)), settings),
        batch_size=settings.batch_size,
        device=resolve_device(base.device),
        num_threads=THREADS_PER_SHARD,
    )
