"""Stage retrain@k: G and D trained anew on this shard's share of variant x seed."""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganatomy.data.dataset import Dataset
from ganatomy.data.variants import Recipe
from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.errors import InputError
from ganatomy.files import read_json, whole_folder, write_json
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.ensemble import Packing, Trained, Watch, jobs_of, train_ensemble
from ganatomy.gan.training import architecture_for, num_steps
from tasks import checkpoints, stage
from tasks.events import Events
from tasks.layout import PACKING, PREPARED, REPORTS, RETRAINED, VARIANTS
from tasks.members import load_variant, trainable
from tasks.own_code import files_of
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.params.retrain import THREADS_PER_SHARD, Retrain
from tasks.params.variants import Variants
from tasks.provenance import ENVIRONMENT, NETWORKS
from tasks.results import write_metrics

_CHECKPOINT_INTERVAL_S = 60.0
SCREENED = REPORTS / "screen" / "survivors.json"


class _Interrupted(Exception):
    """The stage was asked to end; checkpoints are written."""


def main(events: Events) -> None:
    """data/variants, models/packing, reports/screen -> models/variants/<shard>"""
    base, params, variants = Base.load(), Retrain.load(), Variants.load()
    settings = params.settings(GanSection.load().method())
    shard = _shard(params.shards)
    device = resolve_device(base.device)
    make_deterministic(THREADS_PER_SHARD)
    keep_freed_memory()
    packing = Packing(**read_json(PACKING / "packing.json"))
    train = Dataset.load(PREPARED, "train", mapped=True)
    survivors = set(read_json(SCREENED)["variants"])
    recipes = {r.folder: r for r in trainable() if r.is_null or r.name in survivors}
    named = [(name, base.seed + k) for k in range(params.num_seeds) for name in recipes]
    mine = named[shard :: len(params.shards)]
    needed = {name for name, _ in mine}
    data = {name: load_variant(recipes[name], base, variants) for name in recipes if name in needed}
    seeds = sorted({seed for _, seed in mine})
    own = [
        found for found in jobs_of(data, seeds, settings.method.conditional) if found[1:] in mine
    ]
    decides = {
        "settings": asdict(settings),
        "base": base.model_dump(),
        "variants": variants.model_dump(),
        "packing": asdict(packing),
        "members": [job.name for job, _, _ in own],
        "shares": params.shares,
    }
    files = [VARIANTS / "index.json", PREPARED / "train.safetensors", ENVIRONMENT, NETWORKS]
    files += files_of(Path(), (settings.method.generator, settings.method.discriminator))
    kept = checkpoints.folder_for(f"retrain-{shard}", decides, files)
    with (
        whole_folder(RETRAINED / str(shard)) as folder,
        whole_folder(REPORTS / "retrain" / str(shard)) as report,
        stage.interruptible() as should_stop,
    ):
        keeper = _Keeper(events, kept / "members", {j.name: (recipes[n], s) for j, n, s in own})
        try:
            size = train_ensemble(
                [job for job, _, _ in own],
                architecture_for(train.images, settings, len(train.class_names)),
                settings,
                device,
                num_steps(len(train), settings),
                packing,
                keeper.watch(should_stop),
                kept,
                keeper.has,
                tuple(params.shares),
            )
        except _Interrupted:
            raise SystemExit(should_stop.exit_code) from None
        diverged = keeper.hand_in(folder)
        write_json(report / "members.json", keeper.table())
        write_metrics(
            report, {"num_members": len(own), "num_diverged": diverged, "pack_size": size}
        )
    shutil.rmtree(kept / "members", ignore_errors=True)  # they are in the artifact now
    checkpoints.finish(kept)


class _Keeper:
    """Puts finished members where they outlive the process, and tells of them."""

    def __init__(
        self, events: Events, folder: Path, members: dict[str, tuple[Recipe, int]]
    ) -> None:
        self.events, self.folder, self.members = events, folder, members
        folder.mkdir(parents=True, exist_ok=True)  # a shard may have no members
        self._last_s = time.monotonic()

    def watch(self, should_stop: Callable[[], bool]) -> Watch:
        def on_step(done: int, total: int) -> None:
            self.events.progress(done, total, "steps")
            if should_stop():
                raise _Interrupted

        return Watch(on_step, self.take, self.events.warning, self._is_time)

    def has(self, name: str) -> bool:
        return (self.folder / name / "member.json").exists()

    def take(self, trained: Trained) -> None:
        recipe, seed = self.members[trained.name]
        name = trained.name if trained.share == 1 else f"{trained.name}-at-{trained.share:g}"
        about: dict[str, Any] = {
            "recipe": recipe.to_json(),
            "seed": seed,
            "share": trained.share,
            "diverged": trained.gan is None,
        }
        with whole_folder(self.folder / name) as folder:
            if trained.gan is not None:
                save_gan(trained.gan, folder)
            write_json(folder / "member.json", about)
        if trained.gan is None:
            self.events.warning(f"{recipe.name}, seed {seed}, has diverged: it is left out")
        if trained.share == 1:
            self.events.row("members", _row(about))

    def hand_in(self, folder: Path) -> int:
        """Copy all members; returns how many have diverged."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return sum(row["diverged"] for row in self.table())

    def table(self) -> list[dict[str, Any]]:
        """A row for each member at its end, as they are told live."""
        return [_row(read_json(self.folder / name / "member.json")) for name in self.members]

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._last_s < _CHECKPOINT_INTERVAL_S:
            return False
        self._last_s = now
        return True


def _row(about: dict[str, Any]) -> dict[str, Any]:
    recipe = about["recipe"]
    return {
        "variant": recipe["name"],
        "mode": recipe["mode"],
        "seed": about["seed"],
        "diverged": about["diverged"],
    }


def _shard(shards: list[int]) -> int:
    """The shard to train, from the command line."""
    if len(sys.argv) == 2 and sys.argv[1].isdigit() and int(sys.argv[1]) in shards:
        return int(sys.argv[1])
    raise InputError(
        f"no shard {' '.join(sys.argv[1:])!r}",
        "python -m tasks.retrain SHARD",
        f"Give one of retrain.shards: {shards}.",
    )


if __name__ == "__main__":
    stage.run(main, "retrain")
