"""Stage evaluate: is the GAN any good, and does it repeat its training images."""

from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.files import whole_folder
from ganatomy.importance.champion import FOLDER
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.evaluator import examine_evaluator
from ganatomy.metrics.study import evaluate
from tasks.evaluate.champion import beside_champion
from tasks.evaluate.made import made_and_judged
from tasks.evaluate.params import Evaluate
from tasks.params.base import Base
from tasks.params.gate import GateSection
from tasks.shared import stage
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED, REPORTS
from tasks.shared.events import Events
from tasks.shared.explained import lacks, load_explained
from tasks.shared.leaving_out import is_left_out
from tasks.shared.results import write_metrics


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared -> reports/evaluate"""
    base, params = Base.load(), Evaluate.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    train, held_out = Dataset.load(PREPARED, "train"), Dataset.load(PREPARED, "test")
    gan = load_explained(GAN, base.seed, device)
    if is_left_out("evaluate", lacks(gan, "generator")):
        return
    network, names = evaluator_file.load(EVALUATOR, device)
    images, logits = made_and_judged(gan, train, held_out, count=params.num_fakes, seed=base.seed)
    study = evaluate(
        images,
        logits,
        network,
        class_names=names if train.class_names else (),  # else it tells rotations apart
        num_replicates=params.num_replicates,
        num_shown=params.num_shown,
        skill=examine_evaluator(network, held_out),
        inception_weights=Path(params.inception_weights) if params.inception_weights else None,
        device=device,
        seed=base.seed,
        on_progress=lambda done, total: events.progress(done, total, "steps"),
    )
    if study.num_compared < params.num_fakes:
        events.warning(
            f"distances compare {study.num_compared} images, the smaller split, "
            f"not evaluate.num_fakes={params.num_fakes}"
        )
    for text in study.warnings():
        events.warning(text)
    champion = GateSection.load().champion
    beside = None
    if champion and study.is_measured:
        beside = beside_champion(
            gan, Path(champion), held_out=held_out, evaluator=network, seed=base.seed
        )
    with whole_folder(REPORTS / "evaluate") as report:
        study.save(report)
        if beside is not None:
            beside.save(report / FOLDER)
        write_metrics(report, study.metrics())


if __name__ == "__main__":
    stage.run(main, "evaluate")
