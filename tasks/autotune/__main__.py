"""Stage autotune: how retrained GANs are packed together, chosen once and written down."""

from dataclasses import asdict

from ganatomy.data.dataset import Dataset
from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.files import whole_folder, write_json
from ganatomy.gan.ensemble import Packing, Timing, View, candidates, fastest, measure
from ganatomy.gan.training import architecture_for
from ganatomy.report.left_out import leave_out
from tasks.autotune.params import Autotune
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.retrain.params import THREADS_PER_SHARD, Retrain
from tasks.shared import stage
from tasks.shared.artifact_paths import PACKING, PREPARED, REPORTS
from tasks.shared.events import Events
from tasks.shared.results import write_metrics
from tasks.shared.retraining_way import load_way


def main(events: Events) -> None:
    """data/prepared -> models/packing"""
    params, reason = Autotune.load(), load_way().not_packed
    if reason or params.backend != "auto":
        chosen, timings = Packing() if reason else Packing(params.backend, params.pack_size), []
    else:
        timings = _measured(params, events)
        chosen = fastest(timings)
    with whole_folder(PACKING) as folder, whole_folder(REPORTS / "autotune") as report:
        write_json(folder / "packing.json", asdict(chosen))
        if reason:
            leave_out(report, reason)
        write_json(report / "timings.json", [asdict(timing) for timing in timings])
        times = {
            f"member_step_s/{timing.packing.backend}_{timing.packing.size}": timing.member_step_s
            for timing in timings
            if timing.member_step_s is not None
        }
        write_metrics(report, {"pack_size": chosen.size, **times})


def _measured(params: Autotune, events: Events) -> list[Timing]:
    base, retrain = Base.load(), Retrain.load()
    settings = retrain.settings(GanSection.load().method())
    device = resolve_device(base.device)
    make_deterministic(THREADS_PER_SHARD)
    keep_freed_memory()
    train = Dataset.load(PREPARED, "train", mapped=True)
    architecture = architecture_for(train.images, settings, len(train.class_names))
    view = View(train.images, train.labels, base.seed)
    tried = candidates(device, params.pack_size)
    timings = []
    for done, packing in enumerate(tried, start=1):
        timings.append(
            measure(
                packing,
                view,
                architecture,
                settings=settings,
                device=device,
                num_steps=params.num_steps,
            )
        )
        events.progress(done, len(tried), "packings")
    return timings


if __name__ == "__main__":
    stage.run(main, "autotune")
