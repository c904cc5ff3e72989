"""Stage train: the GAN."""

from collections.abc import Callable
from pathlib import Path

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, to_uint8, write_png
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.files import whole_folder
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.gan.training import Gan, train_gan
from tasks import stage
from tasks.events import Events
from tasks.layout import GAN, PREPARED, REPORTS
from tasks.params.base import Base
from tasks.params.train import Train
from tasks.results import Point, image_path, write_curves, write_metrics

_GRID_COLUMNS = 8


def main(events: Events) -> None:
    """data/prepared -> models/gan"""
    base, params = Base.load(), Train.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    train = Dataset.load(PREPARED, "train")
    z = latents(_GRID_COLUMNS**2, params.latent_dim, base.seed, "train", "grid")
    with whole_folder(GAN) as folder, whole_folder(REPORTS / "train") as report:
        recorder = _Recorder(events, report, z, params.log_every_steps, params.num_sample_grids)
        gan = train_gan(
            train.images,
            params.settings(),
            base.seed,
            device,
            recorder.on_step,
        )
        _, channels, _, size = train.images.shape
        shape = {"image_size": size, "channels": channels, "width": params.width}
        save_gan(gan, folder, {**shape, "latent_dim": params.latent_dim})
        write_curves(report, recorder.points)
        write_metrics(report, recorder.final(gan, len(train)))


class _Recorder:
    """Losses and sample grids, to the listener while training and to the report's folder."""

    def __init__(
        self, events: Events, report: Path, z: torch.Tensor, every: int, num_grids: int
    ) -> None:
        self.events = events
        self.report = report
        self.z = z
        self.every = every
        self.num_grids = num_grids
        self.points: list[Point] = []
        self.step = 0

    def on_step(
        self, done: int, total: int, losses: Callable[[], dict[str, float]], gan: Gan
    ) -> None:
        self.step = done
        self.events.progress(done, total, "steps")
        if done % self.every == 0 or done == total:
            for name, value in losses().items():
                self.points.append((done, f"train/{name}", value))
                self.events.metric(f"train/{name}", done, value)
        grid, rest = divmod(done * self.num_grids, total)
        if rest < self.num_grids:  # the first step at or past each of num_grids even marks
            path = image_path(self.report, f"samples_{grid:02d}")
            images = to_uint8(generate(gan.generator_ema, self.z))
            write_png(path, contact_sheet(images, _GRID_COLUMNS))
            self.events.image("samples", done, path)

    def final(self, gan: Gan, num_images: int) -> dict[str, float | int]:
        last = {name.removeprefix("train/"): value for _, name, value in self.points[-4:]}
        count = {
            f"num_parameters_{name}": sum(p.numel() for p in getattr(gan, name).parameters())
            for name in ("generator", "discriminator")
        }
        return {**last, **count, "num_steps": self.step, "num_images": num_images}


if __name__ == "__main__":
    stage.run(main, "train")
