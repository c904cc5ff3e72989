"""Stage discriminator: is D in order, before anything is explained by it."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.explain.networks.fixed_statistics import NUM_OF_EACH
from ganatomy.files import read_json, whole_folder
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.gan.settings import TrainingSettings
from ganatomy.metrics.discriminator.level import logits_have_level
from ganatomy.metrics.discriminator.study import examine_discriminator
from tasks.discriminator.params import Discriminator
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import GAN, PREPARED, REPORTS
from tasks.shared.events import Events
from tasks.shared.explained import explained_discriminator, is_adopted, lacks
from tasks.shared.leaving_out import is_left_out
from tasks.shared.results import write_metrics


def main(events: Events) -> None:
    """models/gan, data/prepared, reports/train -> reports/discriminator"""
    base, params = Base.load(), Discriminator.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    train, held_out = (Dataset.load(PREPARED, part, mapped=True) for part in ("train", "test"))
    gan, settings = load_gan(GAN, device), read_json(REPORTS / "train" / "settings.json")
    if is_left_out("discriminator", lacks(gan, "discriminator")):
        return
    loss = settings["method"]["loss"]
    health = examine_discriminator(
        gan.discriminator,
        train=None if is_adopted(gan) else train.images,
        held_out=held_out.images,
        fakes=_fakes(gan, params.num_images, base.seed),
        explained=explained_discriminator(gan, base.seed),
        num_reference=min(NUM_OF_EACH, len(train)),
        has_level=logits_have_level(loss),
        has_sigmoid=loss == "bce",
        batch_size=settings.get("batch_size", TrainingSettings().batch_size),
        num_images=params.num_images,
        seed=base.seed,
    )
    for text in health.warnings():
        events.warning(text)
    with whole_folder(REPORTS / "discriminator") as report:
        health.save(report)
        write_metrics(report, health.metrics())


def _fakes(gan: Gan, count: int, seed: int) -> torch.Tensor | None:
    if lacks(gan, "generator"):
        return None
    z = latents(count, gan.architecture, seed, "discriminator")
    return to_uint8(generate(gan.generator_ema, z))


if __name__ == "__main__":
    stage.run(main, "discriminator")
