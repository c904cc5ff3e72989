"""Stage retrain@k: G and D trained anew on this shard's share of variant x seed."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganatomy.device import keep_freed_memory, make_deterministic
from ganatomy.errors import InputError
from ganatomy.files import read_json, whole_folder, write_json
from ganatomy.gan.ensemble import EnsembleCallbacks, Trained
from ganatomy.importance.member_files import MemberFolder
from ganatomy.importance.retraining import Budget, Training, retrain, trainings
from tasks.params.base import Base
from tasks.retrain.params import THREADS_PER_SHARD, Retrain
from tasks.shared import checkpoints, stage
from tasks.shared.artifact_paths import PREPARED, REPORTS, RETRAINED, VARIANTS
from tasks.shared.budget import load_budget
from tasks.shared.events import Events
from tasks.shared.own_code import files_of
from tasks.shared.provenance import ENVIRONMENT, NETWORKS
from tasks.shared.results import write_metrics
from tasks.shared.variant_data import load_variants, trainable
from tasks.variants.params import Variants

SCREENED = REPORTS / "screen" / "survivors.json"


class _Interrupted(Exception):
    """The stage was asked to end; checkpoints are written."""


def main(events: Events) -> None:
    """data/variants, models/packing, reports/screen -> models/variants/<shard>"""
    params, shard = Retrain.load(), _shard()
    make_deterministic(THREADS_PER_SHARD)
    keep_freed_memory()
    budget, mine = load_budget(), _trainings(params, shard)
    kept = _checkpoints(params, shard, budget, mine)
    members = MemberFolder(kept / "members")
    with (
        whole_folder(RETRAINED / str(shard)) as folder,
        whole_folder(REPORTS / "retrain" / str(shard)) as report,
        stage.interruptible() as should_stop,
    ):
        try:
            size = retrain(
                mine,
                load_variants(dict.fromkeys(training.recipe for training in mine)),
                budget,
                _watch(events, members, mine, should_stop),
                kept=kept,
                is_done=members.has,
                shares=params.shares,
            )
        except _Interrupted:
            raise SystemExit(should_stop.exit_code) from None
        members.copy_to(folder)
        rows = [members.get(training.name).row() for training in mine]
        write_json(report / "members.json", rows)
        diverged = sum(row["diverged"] for row in rows)
        counts = {"num_members": len(mine), "num_diverged": diverged, "pack_size": size}
        write_metrics(report, counts)
    shutil.rmtree(members.folder, ignore_errors=True)  # they are in the artifact now
    checkpoints.finish(kept)


def _trainings(params: Retrain, shard: int) -> list[Training]:
    """This shard's share of what screening let through, and of the nulls."""
    survivors, first = set(read_json(SCREENED)["variants"]), Base.load().seed
    recipes = [recipe for recipe in trainable() if recipe.is_null or recipe.name in survivors]
    seeds = range(first, first + params.num_seeds)
    return trainings(recipes, seeds, shard=shard, num_shards=len(params.shards))


def _checkpoints(params: Retrain, shard: int, budget: Budget, mine: list[Training]) -> Path:
    decides: dict[str, Any] = {
        "settings": asdict(budget.settings),
        "base": Base.load().model_dump(),
        "variants": Variants.load().model_dump(),
        "packing": asdict(budget.packing),
        "members": [training.name for training in mine],
        "shares": params.shares,
    }
    method = budget.settings.method
    files = [VARIANTS / "index.json", PREPARED / "train.safetensors", ENVIRONMENT, NETWORKS]
    files += files_of(Path(), (method.generator, method.discriminator))
    return checkpoints.folder_for(f"retrain-{shard}", decides, files)


def _watch(
    events: Events,
    members: MemberFolder,
    mine: list[Training],
    should_stop: Callable[[], bool],
) -> EnsembleCallbacks:
    """Keep what is finished, tell of it, and stop when asked to."""
    asked = {training.name: training for training in mine}

    def on_step(done: int, total: int) -> None:
        events.progress(done, total, "steps")
        if should_stop():
            raise _Interrupted

    def on_trained(trained: Trained) -> None:
        recipe, seed = asked[trained.name].recipe, asked[trained.name].seed
        member = members.put(trained, recipe, seed)
        if member.has_diverged:
            events.warning(f"{recipe.name}, seed {seed}, has diverged: it is left out")
        if member.share == 1:
            events.row("members", member.row())

    return EnsembleCallbacks(on_step, on_trained, events.warning, checkpoints.every_minute())


def _shard() -> int:
    """The shard to train, from the command line."""
    shards = Retrain.load().shards
    if len(sys.argv) == 2 and sys.argv[1].isdigit() and int(sys.argv[1]) in shards:
        return int(sys.argv[1])
    raise InputError(
        f"no shard {' '.join(sys.argv[1:])!r}",
        "python -m tasks.retrain SHARD",
        f"Give one of retrain.shards: {shards}.",
    )


if __name__ == "__main__":
    stage.run(main, "retrain")
