"""Stage retrain@k: G and D trained anew on this shard's share of variant x seed."""

from functools import partial

from ganatomy.device import keep_freed_memory, make_deterministic
from ganatomy.files import whole_folder
from ganatomy.importance.retraining_study import retrain_to_disk
from tasks.params.base import Base
from tasks.retrain.artifacts import write_artifacts
from tasks.retrain.asked import asked_shard, checkpoints_of, trainings_of
from tasks.retrain.by_author import retrain_as_told
from tasks.retrain.params import THREADS_PER_SHARD, Retrain
from tasks.shared import checkpoints, stage
from tasks.shared.artifact_paths import RETRAINED
from tasks.shared.budget import load_budget
from tasks.shared.events import Events
from tasks.shared.leaving_out import is_left_out
from tasks.shared.retraining_way import load_way
from tasks.shared.variant_data import load_variants


def main(events: Events) -> None:
    """data/variants, data/in_full, models/packing -> models/variants/<shard>"""
    params, base, way = Retrain.load(), Base.load(), load_way()
    shard = asked_shard(params.shards)
    if way.left_out:
        with whole_folder(RETRAINED / str(shard)):
            is_left_out(f"retrain/{shard}", way.left_out)
        return
    make_deterministic(THREADS_PER_SHARD)
    keep_freed_memory()
    if way.train:
        retrain_as_told(shard, params, base, events)
        return
    budget, mine = load_budget(), trainings_of(shard, params, base)
    kept = checkpoints_of(shard, params, base, budget, mine)
    retrain = partial(
        retrain_to_disk,
        mine,
        load_variants(dict.fromkeys(training.recipe for training in mine)),
        budget,
        shares=params.shares,
        is_due=checkpoints.every_minute(),
        on_step=lambda done, total: events.progress(done, total, "steps"),
    )
    write_artifacts(shard, kept, events, retrain)


if __name__ == "__main__":
    stage.run(main, "retrain")
