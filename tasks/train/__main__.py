"""Stage train: the GAN."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psutil
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.files import whole_folder, write_json
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.distributed import Ranks
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import latents
from ganatomy.gan.session import (
    History,
    Interrupted,
    Monitoring,
    Point,
    SessionCallbacks,
    follow_session,
    run_session,
)
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from ganatomy.gan.state import begin
from ganatomy.gan.training import architecture_for
from ganatomy.gan.training_probe import TrainingProbe
from ganatomy.metrics import evaluator_file
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.shared import checkpoints, stage
from tasks.shared.artifact_paths import CODE, EVALUATOR, GAN, HISTORY, PREPARED, REPORTS
from tasks.shared.events import Events
from tasks.shared.own_code import OwnCode, files_of
from tasks.shared.provenance import ENVIRONMENT, NETWORKS
from tasks.shared.refusal import refuse_wrong_names
from tasks.shared.results import image_path, write_curves, write_metrics
from tasks.train import ranks
from tasks.train.params import Train

_GRID_COLUMNS = 8
_LIVE_INTERVAL_S = 2.0


def main(events: Events) -> None:
    """data/prepared, models/evaluator -> models/gan"""
    base, params = Base.load(), Train.load()
    settings = params.settings(GanSection.load().method())
    device = resolve_device(base.device)
    with ranks.joined(params.devices, device, settings.batch_size, events) as (group, device):
        make_deterministic(ranks.num_threads(base.num_threads, params.devices, device))
        if group.rank == 0:
            _lead(events, base, params, settings, device, group)
        else:
            _follow(base, params, settings, device, group)


def _lead(
    events: Events,
    base: Base,
    params: Train,
    settings: TrainingSettings,
    device: torch.device,
    group: Ranks,
) -> None:
    train, test = (Dataset.load(PREPARED, name, mapped=True) for name in ("train", "test"))
    refuse_wrong_names(train)
    architecture = architecture_for(train.images, settings, len(train.class_names))
    network, _ = evaluator_file.load(EVALUATOR, device)
    z = latents(max(_GRID_COLUMNS**2, params.probe_fakes), architecture, base.seed, "train", "grid")
    decides = {
        "settings": asdict(settings),
        "base": base.model_dump(),
        "devices": params.devices,
        "probe": [params.probe_kimg, params.probe_fakes, params.log_every_steps],
        "remembered": params.num_remembered,
    }
    files = [PREPARED / "train.safetensors", PREPARED / "test.safetensors", ENVIRONMENT, NETWORKS]
    names = (architecture.generator, architecture.discriminator)
    files += files_of(Path(), names)
    code = OwnCode(Path(), names)  # as it is now: it may be edited while this runs
    kept = checkpoints.folder_for("train", decides, files)
    probe = TrainingProbe(network, train.images, test.images, z)
    monitoring = Monitoring(params.log_every_steps, params.probe_kimg, params.publish)
    remembered = spread(monitoring.probe_steps(len(train), settings), params.num_remembered)
    with (
        whole_folder(GAN) as folder,
        whole_folder(HISTORY) as history_folder,
        whole_folder(REPORTS / "train") as report,
        stage.interruptible() as should_stop,
    ):
        recorder = _ProgressRecorder(events, probe, kept, remembered, settings)
        try:
            gan, history, step = run_session(
                begin(architecture, settings, base.seed, device),
                train.images,
                train.labels,
                settings=settings,
                seed=base.seed,
                monitoring=monitoring,
                snapshots=Snapshots(kept, params.keep_last),
                callbacks=recorder.callbacks(should_stop),
                ranks=group,
            )
        except Interrupted:
            raise SystemExit(should_stop.exit_code) from None
        save_gan(gan, folder)
        code.save(folder / CODE)
        for step_then in remembered:
            name = f"{step_then:09d}"
            shutil.copytree(kept / "history" / name, history_folder / name)
        write_json(report / "settings.json", asdict(settings))
        _report(report, kept / "frames", history, gan, step, len(train), probe.name)
    checkpoints.finish(kept)


def spread(steps: list[int], count: int) -> list[int]:
    """Choose so many of the steps evenly, the first and the last among them; all if fewer."""
    count = min(count, len(steps))
    chosen = {round(index * (len(steps) - 1) / max(1, count - 1)) for index in range(count)}
    return [steps[index] for index in sorted(chosen)]


def _follow(
    base: Base, params: Train, settings: TrainingSettings, device: torch.device, group: Ranks
) -> None:
    train = Dataset.load(PREPARED, "train", mapped=True)
    architecture = architecture_for(train.images, settings, len(train.class_names))
    state = begin(architecture, settings, base.seed, device)
    with suppress(Interrupted):
        follow_session(
            state,
            train.images,
            train.labels,
            settings=settings,
            seed=base.seed,
            measure_every=params.log_every_steps,
            ranks=group,
        )


class _ProgressRecorder:
    """Tells the listener what happens, and draws what the probes see."""

    def __init__(
        self,
        events: Events,
        probe: TrainingProbe,
        kept: Path,
        remembered: list[int],
        settings: TrainingSettings,
    ) -> None:
        self.events, self.probe = events, probe
        self.frames, self.history, self.remembered = kept / "frames", kept / "history", remembered
        self.images_per_step = settings.images_per_step
        self._since = (time.monotonic(), 0)

    def callbacks(self, should_stop: Callable[[], bool]) -> SessionCallbacks:
        return SessionCallbacks(
            self.look, self.on_step, self.on_points, self.events.warning, should_stop
        )

    def look(self, gan: Gan, step: int) -> tuple[dict[str, float], float]:
        values, fakes = self.probe.look(gan)
        path = self.frames / f"{step:09d}.png"
        write_png(path, contact_sheet(fakes[: _GRID_COLUMNS**2], _GRID_COLUMNS))
        self.events.image("samples", step, path)
        if step in self.remembered:
            with whole_folder(self.history / f"{step:09d}") as folder:
                save_gan(gan, folder)
        return values, values[self.probe.name]

    def on_step(self, done: int, total: int) -> None:
        self.events.progress(done * self.images_per_step, total * self.images_per_step, "images")
        since, before = self._since
        passed_s = time.monotonic() - since
        if passed_s > _LIVE_INTERVAL_S:  # how fast it goes is told, and is no part of the results
            speed = (done - before) * self.images_per_step / passed_s if before else None
            self._since = (time.monotonic(), done)
            if speed:
                self.events.metric("train/img_per_s", done, speed)
            memory = psutil.Process().memory_info().rss / 2**30
            self.events.metric("train/memory_gib", done, memory)
            if torch.cuda.is_available():
                peak = torch.cuda.max_memory_allocated() / 2**30
                self.events.metric("train/gpu_memory_gib", done, peak)

    def on_points(self, points: list[Point]) -> None:
        for step, name, value in points:
            self.events.metric(f"train/{name}", step, value)


def _report(
    report: Path, frames: Path, history: History, gan: Gan, step: int, num_images: int, score: str
) -> None:
    write_curves(report, [(at, f"train/{name}", value) for at, name, value in history.points])
    for index, frame in enumerate(sorted(frames.glob("*.png"))):
        path = image_path(report, f"samples_{index:02d}")
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(frame, path)
    write_json(report / "guards.json", [finding._asdict() for finding in history.findings])
    last_step = history.points[-1][0]
    last = {name: value for _, name, value in history.points}
    counts = {
        f"num_parameters_{name}": sum(p.numel() for p in getattr(gan, name).parameters())
        for name in ("generator", "discriminator")
    }
    best = next(value for at, name, value in history.points if (at, name) == (step, score))
    write_metrics(
        report,
        {
            **last,
            **counts,
            "num_steps": last_step,
            "published_step": step,
            f"published_{score}": best,
            "num_images": num_images,
            "num_findings": len(history.findings),
        },
    )


if __name__ == "__main__":
    stage.run(main, "train")
