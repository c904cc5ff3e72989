"""Stage evaluate: quality of the GAN."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, to_uint8, write_png
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.files import whole_folder, write_json
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.quality import judge
from tasks import stage
from tasks.events import Events
from tasks.layout import EVALUATOR, GAN, PREPARED, REPORTS
from tasks.params.base import Base
from tasks.params.evaluate import Evaluate
from tasks.results import image_path, write_metrics

_PAIRS_PER_ROW = 6
_NEIGHBOURS_SHOWN = 4 * _PAIRS_PER_ROW


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared -> reports/evaluate"""
    base, params = Base.load(), Evaluate.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    train, test = Dataset.load(PREPARED, "train"), Dataset.load(PREPARED, "test")
    gan, shape = load_gan(GAN, device)
    network, class_names = evaluator_file.load(EVALUATOR, device)
    z = latents(params.num_fakes, shape["latent_dim"], base.seed, "evaluate")
    fakes = to_uint8(generate(gan.generator_ema, z))
    quality = judge(fakes, train.images, test.images, network)
    if quality.num_compared < params.num_fakes:
        events.warning(
            f"distances compare {quality.num_compared} images, the smaller split, "
            f"not evaluate.num_fakes={params.num_fakes}"
        )
    shown = fakes[:_NEIGHBOURS_SHOWN]
    neighbours = train.images[quality.neighbour_index[:_NEIGHBOURS_SHOWN]]
    with whole_folder(REPORTS / "evaluate") as report:
        write_png(
            image_path(report, "samples"),
            contact_sheet(fakes[: params.num_shown], max(1, round(params.num_shown**0.5))),
        )
        write_png(
            image_path(report, "neighbours"),
            contact_sheet(_pairs(shown, neighbours), _PAIRS_PER_ROW, scale=3),
        )
        write_json(
            report / "classes.json",
            {
                "names": list(class_names),
                "fake": quality.class_histogram.tolist(),
                "real": quality.real_histogram.tolist(),
            },
        )
        suffix = f"@{quality.num_compared}"
        write_metrics(
            report,
            {
                f"fcd{suffix}": quality.fcd,
                f"fcd_floor{suffix}": quality.fcd_floor,
                "classes_found": int((quality.class_histogram > 0).sum()),
                "median_neighbour_distance": float(quality.neighbour_distance.median()),
            },
        )
    events.progress(params.num_fakes, params.num_fakes, "images")


def _pairs(fakes: torch.Tensor, neighbours: torch.Tensor) -> torch.Tensor:
    """Rows of fakes, each with the row of their neighbours below it."""
    rows = zip(fakes.split(_PAIRS_PER_ROW), neighbours.split(_PAIRS_PER_ROW))
    return torch.cat([part for pair in rows for part in pair])


if __name__ == "__main__":
    stage.run(main, "evaluate")
