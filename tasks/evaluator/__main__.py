"""Stage evaluator: train the frozen feature network on the real train split."""

from ganatomy.data.dataset import Dataset
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.files import whole_folder
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.evaluator import accuracy, pretext, train_evaluator
from tasks.evaluator.params import EvaluatorSection
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import EVALUATOR, PREPARED, REPORTS
from tasks.shared.events import Events
from tasks.shared.results import write_metrics


def main(events: Events) -> None:
    """data/prepared -> models/evaluator"""
    base, params = Base.load(), EvaluatorSection.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    train, test = Dataset.load(PREPARED, "train"), Dataset.load(PREPARED, "test")
    network = train_evaluator(
        train,
        params.width,
        params.epochs,
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
        seed=base.seed,
        device=device,
        progress=lambda done, total: events.progress(done, total, "steps"),
    )
    with whole_folder(EVALUATOR) as folder, whole_folder(REPORTS / "evaluator") as report:
        evaluator_file.save(network, folder, pretext(train)[2])
        write_metrics(
            report,
            {
                "train_accuracy": accuracy(network, train),
                "test_accuracy": accuracy(network, test),
                "by_rotation": int(not train.class_names),
            },
        )


if __name__ == "__main__":
    stage.run(main, "evaluator")
