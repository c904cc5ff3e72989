"""Stage directions: what G has learned to vary, and what D's activations are made of."""

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.errors import InputError
from ganatomy.explain.directions.readable import learn_features
from ganatomy.explain.directions.study import DirectionsSettings, find_directions
from ganatomy.files import whole_folder
from ganatomy.gan.checkpoint import load_gan
from tasks.directions.of_d import concepts_of, keep_concepts, metrics_of
from tasks.directions.params import Directions
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import GAN, REPORTS
from tasks.shared.events import Events
from tasks.shared.history import history_of
from tasks.shared.leaving_out import is_left_out
from tasks.shared.results import write_metrics
from tasks.shared.samples import fake_latents, load_subjects


def main(events: Events) -> None:
    """models/gan, models/history, models/evaluator, data/prepared -> reports/directions"""
    base, params = Base.load(), Directions.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    subjects = load_subjects(params.num_latents, base.seed, device)
    concepts = concepts_of(subjects, base.seed)
    if is_left_out("directions", "" if subjects.has_generator else "no generator was given"):
        keep_concepts(concepts)
        return
    try:
        study = find_directions(
            subjects.generator,
            subjects.z,
            num_classes=subjects.num_classes,
            class_names=subjects.class_names,
            discriminator=subjects.discriminator if subjects.has_discriminator else None,
            real=subjects.real,
            evaluator=subjects.evaluator,
            history=((step, gan.generator_ema) for step, gan in history_of(base.seed, device)),
            settings=DirectionsSettings(
                num_directions=params.num_directions,
                num_random=params.num_random,
                num_held_out=params.num_held_out,
                num_images=params.num_images,
                num_draws=params.num_draws,
            ),
            seed=base.seed,
            on_progress=lambda done, total: events.progress(done, total, "steps"),
            on_warning=events.warning,
        )
    except InputError as error:
        if error.where not in ("generator", "readers"):  # a G without directions is no mistake
            raise
        is_left_out("directions", error.what)
        keep_concepts(concepts)
        return
    count = params.num_latents + params.num_read
    others = fake_latents(count, load_gan(GAN).architecture, base.seed)[params.num_latents :]
    learned = learn_features(study, subjects.generator, others)
    with whole_folder(REPORTS / "directions") as report:
        study.save(report)
        learned.save(report)
        write_metrics(report, {**study.metrics(), **learned.metrics(), **metrics_of(concepts)})
    keep_concepts(concepts)


if __name__ == "__main__":
    stage.run(main, "directions")
