"""Packs small enough to be trained within a test."""

from collections.abc import Callable
from pathlib import Path

import torch

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.ensemble import EnsembleCallbacks, Job, Packing, Trained, View, train_ensemble
from ganatomy.gan.model import NETWORKS, Gan
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.training import architecture_for
from tests.unit.gan.small import CPU, weights

Weights = dict[str, dict[str, torch.Tensor]]


def noise(count: int, seed: int, channels: int = 1, size: int = 28) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    shape = (count, channels, size, size)
    return torch.randint(0, 256, shape, generator=draw, dtype=torch.uint8)


def views(
    count: int, num_seeds: int = 2, channels: int = 1, size: int = 28, classes: int = 0
) -> list[View]:
    """Each with images of its own; seeds by turns."""
    found = []
    for index in range(count):
        images = noise(10 + index, index, channels, size)
        labels = torch.arange(len(images)) % classes if classes else None
        found.append(View(images, labels, index % num_seeds))
    return found


def architecture(view: View, settings: TrainingSettings, classes: int = 0) -> Architecture:
    return architecture_for(view.images, settings, classes)


def all_weights(gan: Gan) -> Weights:
    return {name: weights(getattr(gan, name)) for name in NETWORKS}


def equal(one: Weights, two: Weights | None) -> bool:
    return (
        two is not None
        and all(torch.equal(one[name][key], two[name][key]) for name in one for key in one[name])
        and {name: one[name].keys() for name in one} == {name: two[name].keys() for name in two}
    )


class Run:
    """An ensemble's run and what it told."""

    def __init__(self, folder: Path, settings: TrainingSettings, backend: str, size: int) -> None:
        self.folder, self.settings = folder, settings
        self.packing = Packing(backend, size)
        self.trained: dict[tuple[str, float], Weights | None] = {}
        self.warnings: list[str] = []
        self.progress: list[tuple[int, int]] = []
        self.stop_at: int | None = None
        self.is_time: Callable[[], bool] = lambda: False

    def __call__(
        self,
        views: list[View],
        total: int = 4,
        shares: tuple[float, ...] = (),
        classes: int = 0,
        done: tuple[str, ...] = (),
    ) -> dict[str, Weights | None]:
        jobs = [Job(f"job-{index}", view) for index, view in enumerate(views)]
        train_ensemble(
            jobs,
            architecture(views[0], self.settings, classes),
            self.settings,
            device=CPU,
            total=total,
            packing=self.packing,
            callbacks=EnsembleCallbacks(
                self._on_step,
                lambda trained: self._on_trained(trained),
                self.warnings.append,
                lambda: self.is_time(),
            ),
            kept=self.folder,
            is_done=lambda name: name in done,
            shares=shares,
        )
        return {name: found for (name, share), found in self.trained.items() if share == 1}

    def _on_step(self, done: int, total: int) -> None:
        self.progress.append((done, total))
        if self.stop_at is not None and len(self.progress) == self.stop_at:
            raise KeyboardInterrupt

    def _on_trained(self, trained: Trained) -> None:
        found = None if trained.gan is None else all_weights(trained.gan)
        self.trained[trained.name, trained.share] = found
