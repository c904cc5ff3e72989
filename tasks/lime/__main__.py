"""Stage lime: what speaks for "real" in images, and which latent coordinates move what G makes."""

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.files import whole_folder
from tasks.lime.params import Lime
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.events import Events
from tasks.shared.keys import by_key
from tasks.shared.learned_targets import learned_of
from tasks.shared.names import targets_of, vocabulary
from tasks.shared.results import write_metrics
from tasks.shared.samples import load_subjects, settled_hiding


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared -> reports/lime"""
    base, params = Base.load(), Lime.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    subjects = load_subjects(max(params.num_images, params.num_averaged), base.seed, device)
    words = vocabulary()
    learned = learned_of(params, "latent_targets", params.after)
    with by_key(params), whole_folder(REPORTS / "lime") as report:
        study = explain_by_lime(
            subjects,
            words,
            sampling=params.sampling(),
            hiding=settled_hiding(params.hiding(), subjects, words, base.seed),
            latent_targets=targets_of(params, "latent_targets", events.warning),
            further=learned.targets(subjects.generator),
            num_images=params.num_images,
            num_seeds=params.num_seeds,
            num_latents=params.num_latents,
            latent_radius=params.latent_radius,
            seed=base.seed,
            on_progress=lambda done, total: events.progress(done, total, "images"),
            on_warning=events.warning,
        )
        study.save(report)
        write_metrics(report, study.metrics())


if __name__ == "__main__":
    stage.run(main, "lime")
