"""What a training leaves: checkpoints to go on from, and its artifacts."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ganatomy.files import whole_folder, write_json
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.study import TrainedGan
from tasks.params.base import Base
from tasks.shared import checkpoints
from tasks.shared.artifact_paths import CODE, GAN, HISTORY, PREPARED, REPORTS
from tasks.shared.own_code import OwnCode
from tasks.shared.pictures import Place, write_places
from tasks.shared.results import IMAGES, image_path, write_curves, write_metrics
from tasks.train.params import Train


def checkpoints_of(params: Train, settings: TrainingSettings) -> Path:
    """Find the folder of checkpoints: of the same training broken off before, or a new one."""
    decides = {
        "settings": asdict(settings),
        "base": Base.load().model_dump(),
        "devices": params.devices,
        "probe": [params.probe_kimg, params.probe_fakes, params.log_every_steps],
        "remembered": params.num_remembered,
    }
    data = [PREPARED / f"{split}.safetensors" for split in ("train", "test")]
    return checkpoints.of_training("train", decides, data, settings.method)


def write_artifacts(found: TrainedGan, settings: TrainingSettings, code: OwnCode) -> None:
    """Write models/gan, models/history and reports/train: all of them, or none."""
    with (
        whole_folder(GAN) as folder,
        whole_folder(HISTORY) as history,
        whole_folder(REPORTS / "train") as report,
    ):
        save_gan(found.gan, folder)
        code.save(folder / CODE)
        for past in found.remembered:
            shutil.copytree(past, history / past.name)
        _write_report(found, settings, report)


def _write_report(found: TrainedGan, settings: TrainingSettings, report: Path) -> None:
    write_json(report / "settings.json", asdict(settings))
    write_curves(report, [(at, f"train/{name}", value) for at, name, value in found.points])
    _write_frames(found.frames, report)
    write_json(report / "guards.json", [finding._asdict() for finding in found.findings])
    write_metrics(report, found.metrics())


def _write_frames(frames: Sequence[Path], report: Path) -> None:
    """Copy the pictures of the training; each is of the step that it is named after."""
    places = {}
    for index, frame in enumerate(frames):
        path = image_path(report, f"samples_{index:02d}")
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(frame, path)
        places[path.name] = Place("samples", int(frame.stem))
    write_places(report / IMAGES, places)
