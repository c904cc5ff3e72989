"""Stage topology: groups, loops and tears of what G makes, and the shapes that layers see."""

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.topology.clouds import CloudSettings
from ganatomy.explain.topology.study import describe_topology
from ganatomy.files import whole_folder
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.events import Events
from tasks.shared.history import history_of
from tasks.shared.keys import by_key
from tasks.shared.results import write_metrics
from tasks.shared.samples import load_subjects
from tasks.topology.params import Topology


def main(events: Events) -> None:
    """models/gan, models/history, models/evaluator, data/prepared -> reports/topology"""
    base, params = Base.load(), Topology.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    subjects = load_subjects(params.num_images, base.seed, device)
    with by_key(params), whole_folder(REPORTS / "topology") as report:
        study = describe_topology(
            subjects,
            history=((step, gan.generator_ema) for step, gan in history_of(base.seed, device)),
            settings=CloudSettings(
                num_points=params.num_points,
                num_permutations=params.num_permutations,
                num_subsamples=params.num_subsamples,
            ),
            num_maps=params.num_maps,
            num_paths=params.num_paths,
            seed=base.seed,
            on_progress=lambda done, total: events.progress(done, total, "steps"),
        )
        study.save(report)
        write_metrics(report, study.metrics())


if __name__ == "__main__":
    stage.run(main, "topology")
