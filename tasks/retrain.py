"""Stage retrain@k: G and D trained anew on this shard's share of variant x seed."""

import sys
from functools import partial

from ganatomy.data.dataset import Dataset
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.errors import InputError
from ganatomy.files import read_json, whole_folder, write_json
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.state import TrainingState
from ganatomy.gan.training import train_gan
from tasks import stage
from tasks.events import Events
from tasks.layout import REPORTS, RETRAINED, VARIANTS
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.params.retrain import Retrain
from tasks.results import write_metrics

_THREADS_PER_SHARD = 1


def main(events: Events) -> None:
    """data/variants -> models/variants/<shard>"""
    base, params = Base.load(), Retrain.load()
    settings = params.settings(GanSection.load().method())
    shard = _shard(params.shards)
    device = resolve_device(base.device)
    make_deterministic(_THREADS_PER_SHARD)
    recipes = read_json(VARIANTS / "index.json")
    members = [(recipe, seed) for seed in range(params.num_seeds) for recipe in recipes]
    own = members[shard :: len(params.shards)]
    with (
        whole_folder(RETRAINED / str(shard)) as folder,
        whole_folder(REPORTS / "retrain" / str(shard)) as report,
    ):
        for position, (recipe, seed) in enumerate(own):
            data = Dataset.load(VARIANTS / recipe["name"], "train", mapped=True)
            gan = train_gan(
                data.images,
                settings,
                base.seed + seed,
                device,
                partial(_on_step, events, position, len(own)),
                data.labels,
                len(data.class_names),
            )
            member = folder / f"{recipe['name']}-s{seed}"
            save_gan(gan, member)
            write_json(member / "member.json", {"recipe": recipe, "seed": seed})
        write_metrics(report, {"num_members": len(own)})


def _on_step(
    events: Events, position: int, count: int, state: TrainingState, total: int, _values: object
) -> None:
    events.progress(position * total + state.step, count * total, "steps")


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
