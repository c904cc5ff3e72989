"""Stage evaluate: is the GAN any good, and does it repeat its training images."""

from pathlib import Path

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, to_uint8, write_png
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.files import sha256_of, whole_folder, write_bytes, write_json
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate, latents, score
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.inception import inception_features
from ganatomy.metrics.quality import Quality, Three, judge
from ganatomy.report.copies import suspects_sheet
from ganatomy.tables import csv_bytes
from tasks import evaluation, stage
from tasks.events import Events
from tasks.layout import EVALUATOR, GAN, PREPARED, REPORTS
from tasks.params.base import Base
from tasks.params.evaluate import Evaluate
from tasks.results import image_path, write_metrics

_NUM_SUSPECTS = 8


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared -> reports/evaluate"""
    base, params = Base.load(), Evaluate.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    train, held_out = Dataset.load(PREPARED, "train"), Dataset.load(PREPARED, "test")
    gan = load_gan(GAN, device)
    network, names = evaluator_file.load(EVALUATOR, device)
    class_names = names if train.class_names else ()  # else it tells rotations apart
    z = latents(params.num_fakes, gan.architecture, base.seed, "evaluate")
    fakes = to_uint8(generate(gan.generator_ema, z))
    images = Three(train.images, held_out.images, fakes)
    weights = Path(params.inception_weights) if params.inception_weights else None
    quality = judge(
        images,
        Three(*(score(gan.discriminator, part) for part in images)),
        network,
        class_names,
        base.seed,
        params.num_replicates,
        _NUM_SUSPECTS,
        _inception(images, weights, device) if weights else None,
        lambda done, total: events.progress(done, total, "steps"),
    )
    _warn(events, quality, params.num_fakes)
    with whole_folder(REPORTS / "evaluate") as report:
        columns = max(1, round(params.num_shown**0.5))
        write_png(image_path(report, "samples"), contact_sheet(fakes[: params.num_shown], columns))
        write_png(
            image_path(report, "suspects"), suspects_sheet(fakes, train.images, quality.suspects)
        )
        for name, table in (
            ("fidelity", evaluation.fidelity(quality)),
            ("suspects", evaluation.suspects(quality.suspects)),
        ):
            write_bytes(report / f"{name}.csv", csv_bytes(table))
        write_json(report / "memorisation.json", evaluation.memorisation(quality))
        write_json(report / "generalisation.json", evaluation.generalisation(quality))
        write_json(report / "classes.json", evaluation.classes(quality, class_names))
        if weights:
            write_json(report / "inception.json", {"sha256": sha256_of(weights)})
        write_metrics(report, evaluation.figures(quality))


def _inception(images: Three, weights: Path, device: torch.device) -> Three:
    """Of as many of each as are compared: the network is a hundred times the evaluator's size."""
    count = min(len(part) for part in images)
    return Three(*(inception_features(part[:count], weights, device) for part in images))


def _warn(events: Events, quality: Quality, num_fakes: int) -> None:
    num_compared = quality.fidelity[0].count
    if num_compared < num_fakes:
        events.warning(
            f"distances compare {num_compared} images, the smaller split, "
            f"not evaluate.num_fakes={num_fakes}"
        )
    memorisation = evaluation.memorisation(quality)
    if memorisation["copies_found"]:
        events.warning(f"the generator repeats training images: {memorisation['reason']}")
    elif memorisation["cannot_tell"]:
        events.warning(f"whether the generator copies cannot be told: {memorisation['reason']}")
    if memorisation["num_in_training"]:
        events.warning(
            f"held-out images that are also in training: {memorisation['num_in_training']} of "
            f"{memorisation['num_held_out']}"
        )
    if quality.coverage and quality.coverage.missing:
        events.warning(f"classes that G does not make: {', '.join(quality.coverage.missing)}")


if __name__ == "__main__":
    stage.run(main, "evaluate")
