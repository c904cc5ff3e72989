"""A project just before its explanations, made by library calls: seconds in place of a run."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.explain.networks.fixed_statistics import NUM_OF_EACH, fixed_statistics
from ganatomy.files import read_json, sha256_of
from ganatomy.gan.checkpoint import load_gan, save_gan
from ganatomy.gan.model import Gan, build_gan
from ganatomy.gan.networks import convolutions
from ganatomy.gan.sampling import generate, latents
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.training import train_gan
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.evaluator import ROTATIONS, train_evaluator
from tasks.shared.artifact_paths import EVALUATOR, GAN, HISTORY, PREPARED
from tasks.shared.events import Events, events_path
from tests.planted import digits
from tests.unit.gan.small import PLAIN

CPU = torch.device("cpu")
NUM_TRAIN, NUM_HELD_OUT = 400, 40
LATENT_DIM = 6
REMEMBERED = (0, 144)  # steps of the training's course: before it and at its end
_PLAIN = """
import torch
from torch import nn


class Painter(nn.Module):
    def __init__(self, image_size, channels, latent_dim, width):
        super().__init__()
        self.shape = (channels, image_size, image_size)
        self.layer = nn.Linear(latent_dim, channels * image_size**2)

    def forward(self, z):
        return torch.tanh(5 * self.layer(z)).view(-1, *self.shape)


class Judge(nn.Module):
    def __init__(self, image_size, channels, width):
        super().__init__()
        self.first = nn.Linear(channels * image_size**2, 8)
        self.last = nn.Linear(8, 1)

    def forward(self, images):
        return self.last(torch.relu(5 * self.first(images.flatten(1)))).squeeze(1)
"""
SMALL: dict[str, dict[str, Any]] = {
    "base": {"device": "cpu", "num_threads": 1},
    "variants": {},
    "directions": {
        "num_latents": 40,
        "num_held_out": 8,
        "num_directions": 2,
        "num_random": 2,
        "num_draws": 2,
    },
    "gradcam": {
        "num_images": 3,
        "num_averaged": 12,
        "num_ablated": 6,
        "num_random": 2,
        "targets": ["class", "region(cell_1_1)"],
        "concepts": ["brightness"],
    },
    "lime": {
        "num_images": 3,
        "num_averaged": 12,
        "num_samples": 128,
        "num_seeds": 2,
        "num_latents": 3,
        "latent_targets": ["d_logit", "class"],
    },
    "rules": {"num_images": 40, "least_images": 10, "num_draws": 2, "num_changed": 4},
    "structure": {"num_images": 10},
    "topology": {
        "num_images": 40,
        "num_points": 40,
        "num_permutations": 9,
        "num_subsamples": 2,
        "num_maps": 8,
        "num_paths": 2,
    },
    "faithfulness": {
        "num_images": 4,
        "num_steps": 4,
        "num_perturbations": 2,
        "num_seeds": 2,
        "integration_steps": 4,
    },
}


def make_project(
    folder: Path, labelled: bool = True, coloured: bool = False, conditional: bool = False
) -> Path:
    """Digits of 28 px in grey or of 32 px in colours, an evaluator and a GAN hardly trained.

    Regions are ranked as if there had been a retraining without each.
    """
    made = _made(labelled, coloured, conditional).name
    return Path(shutil.copytree(made, folder, dirs_exist_ok=True))


@cache
def _made(labelled: bool, coloured: bool, conditional: bool) -> "TemporaryDirectory[str]":
    kept = TemporaryDirectory()  # as long as the process lives
    folder = Path(kept.name)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    whole = _data(NUM_TRAIN + NUM_HELD_OUT, labelled, coloured)
    train = whole.take(torch.arange(NUM_TRAIN))
    train.save(folder / PREPARED, "train")
    whole.take(torch.arange(NUM_TRAIN, len(whole))).save(folder / PREPARED, "test")
    network = train_evaluator(
        train,
        8,
        3,
        batch_size=32,
        learning_rate=0.01,
        seed=0,
        device=CPU,
        progress=lambda done, total: None,
    )
    evaluator_file.save(network, folder / EVALUATOR, train.class_names or ROTATIONS)
    method = replace(PLAIN, conditional=conditional)
    settings = TrainingSettings(
        epochs=12,
        batch_size=32,
        latent_dim=LATENT_DIM,
        width=4,
        learning_rate=0.002,
        ema_decay=0.9,
        method=method,
    )
    gan = train_gan(
        train.images,
        settings,
        0,
        device=CPU,
        on_step=lambda *_: None,
        labels=train.labels,
        num_classes=len(train.class_names),
    )
    save_gan(gan, folder / GAN)
    for step, each in zip(REMEMBERED, (build_gan(gan.architecture, 0), gan)):
        save_gan(each, folder / HISTORY / f"{step:09d}")
    ranking = pd.DataFrame(
        {
            "features": ["cell_0_0", "cell_1_1", "cell_1_2", "cell_2_1", "cell_2_2", "contrast"],
            "mode": "remove",
            "g_size": [0.1, 3.0, 2.0, 1.0, 5.0, 9.0],
            "d_size": [0.2, 4.0, 1.0, 2.0, 3.0, 8.0],
        }
    )
    (folder / "reports" / "importance").mkdir(parents=True)
    ranking.to_csv(folder / "reports" / "importance" / "ranking.csv", index=False)
    torch.set_num_threads(threads)
    return kept


def _data(count: int, labelled: bool, coloured: bool) -> Dataset:
    plain = digits(count)
    images, labels, names = plain.images, plain.labels, plain.class_names
    if not labelled:
        labels, names = torch.full_like(labels, UNLABELLED), ()
    if coloured:
        shades = torch.tensor([[1.0, 0.4, 0.1], [0.2, 0.9, 0.5], [0.3, 0.2, 1.0]])
        chosen = shades[torch.arange(count) % 3, :, None, None]
        padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
        images = (padded.expand(-1, 3, -1, -1) * chosen).to(torch.uint8)
    return Dataset(images, labels, names)


def explain(folder: Path, stage: ModuleType, **sections: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a stage in this process, with `SMALL` but for what `sections` say; its events."""
    name = stage.__name__.split(".")[1]  # tasks.<stage>.__main__
    params = sections | {key: values | sections.get(key, {}) for key, values in SMALL.items()}
    run_dir = folder / "run"
    events_path(run_dir, name).unlink(missing_ok=True)
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(stage, "make_deterministic", torch.set_num_threads)
        patch.setattr(stage, "keep_freed_memory", lambda: None, raising=False)
        (folder / "params.yaml").write_text(json.dumps(params))
        try:
            stage.main(Events(name, run_dir))
        finally:
            torch.set_num_threads(threads)
    return [json.loads(line) for line in events_path(run_dir, name).read_text().splitlines()]


def warnings(events: list[dict[str, Any]]) -> list[str]:
    """What the stage warned of."""
    return [event["text"] for event in events if event["kind"] == "warning"]


def make_discriminator_constant(folder: Path, logit: float = 0.0) -> None:
    """The weights of its last layer all zeros: the same logit whatever the image."""
    values = {"logit.weight": 0.0, "logit.bias": logit}
    _change_gan(folder, lambda gan: _fill(gan.discriminator, values))


def gan_as_explained(project: Path) -> Gan:
    """The GAN of a project with its D as stages explain it, statistics fixed by seed 0."""
    gan = load_gan(project / GAN, CPU)
    z = latents(NUM_OF_EACH, gan.architecture, 0, "fixed-statistics")
    reals, fakes = Dataset.load(project / PREPARED, "train").images, generate(gan.generator_ema, z)
    return replace(gan, discriminator=fixed_statistics(gan.discriminator, reals, fakes, seed=0))


def make_generator_black(folder: Path) -> None:
    """As one whose tanh ran into its end: the same image of every latent."""
    last = list(convolutions(load_gan(folder / GAN, CPU).generator_ema))[-1]
    _change_gan(folder, lambda gan: _fill(gan.generator_ema, {f"{last}.bias": -1e4}))


def take_networks_without_convolutions(folder: Path) -> None:
    """A user's own G and D, which return no feature map; `folder` has to be on the import path."""
    (folder / "plain_networks.py").write_text(_PLAIN)
    size = load_gan(folder / GAN, CPU).architecture
    own = replace(size, generator="plain_networks:Painter", discriminator="plain_networks:Judge")
    for path in (folder / GAN, *(folder / HISTORY).iterdir()):
        save_gan(build_gan(own, 0), path)


def _change_gan(folder: Path, change: Callable[[Gan], None]) -> None:
    """The networks of a project, and those of its history."""
    for path in (folder / GAN, *(folder / HISTORY).iterdir()):
        gan = load_gan(path, CPU)
        change(gan)
        save_gan(gan, path)


@torch.no_grad()
def _fill(network: nn.Module, values: dict[str, float]) -> None:
    for name, value in values.items():
        network.get_parameter(name).fill_(value)


def has_numbers_alone(metrics: Path) -> bool:
    """Whether a metrics file could be handed to MLflow, which takes nothing else."""
    values = read_json(metrics).values()
    return bool(values) and all(math.isfinite(float(value)) for value in values)


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
