"""Stage gradcam: where D looks, which parts of G carry what, and whether that is so."""

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.files import whole_folder
from tasks.gradcam.params import Gradcam
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.events import Events
from tasks.shared.history import history_of
from tasks.shared.keys import by_key
from tasks.shared.learned_targets import learned_of
from tasks.shared.names import concepts_of, targets_of, vocabulary
from tasks.shared.results import write_metrics
from tasks.shared.samples import load_subjects


def main(events: Events) -> None:
    """models/gan, models/history, models/evaluator, data/prepared -> reports/gradcam"""
    base, params = Base.load(), Gradcam.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    subjects = load_subjects(
        max(params.num_images, params.num_averaged, params.num_ablated), base.seed, device
    )
    learned = learned_of(params, "targets", params.after)
    with by_key(params), whole_folder(REPORTS / "gradcam") as report:
        study = explain_by_maps(
            subjects,
            vocabulary(),
            methods=params.methods,
            targets=targets_of(params, "targets", events.warning),
            concepts=concepts_of(params, events.warning),
            further=learned.targets(subjects.generator),
            carried=learned.measures(),
            history=(
                (step, gan.generator_ema, gan.discriminator)
                for step, gan in history_of(base.seed, device)
            ),
            num_images=params.num_images,
            num_ablated=params.num_ablated,
            num_random=params.num_random,
            num_units=params.num_units,
            fdr=params.fdr,
            seed=base.seed,
            on_progress=lambda done, total: events.progress(done, total, "parts"),
            on_warning=events.warning,
        )
        study.save(report)
        write_metrics(report, study.metrics())


if __name__ == "__main__":
    stage.run(main, "gradcam")
