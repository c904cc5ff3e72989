"""What a training tells while it runs: progress, curves, pictures, and how fast it goes."""

import time
from pathlib import Path

import psutil
import torch

from ganatomy.gan.session import Point
from tasks.shared.events import Events

_LIVE_INTERVAL_S = 2.0


class TrainingProgress:
    """Tell the listener what happens.

    Parameters
    ----------
    events : Events
    images_per_step : int
    """

    def __init__(self, events: Events, images_per_step: int) -> None:
        self.events, self.images_per_step = events, images_per_step
        self._since = (time.monotonic(), 0)

    def on_step(self, done: int, total: int) -> None:
        """Tell how far it is, and every few seconds how fast: that is no part of the results."""
        self.events.progress(done * self.images_per_step, total * self.images_per_step, "images")
        since, before = self._since
        passed_s = time.monotonic() - since
        if passed_s <= _LIVE_INTERVAL_S:
            return
        self._since = (time.monotonic(), done)
        if before:
            speed = (done - before) * self.images_per_step / passed_s
            self.events.metric("train/img_per_s", done, speed)
        memory = psutil.Process().memory_info().rss / 2**30
        self.events.metric("train/memory_gib", done, memory)
        if torch.cuda.is_available():
            peak = torch.cuda.max_memory_allocated() / 2**30
            self.events.metric("train/gpu_memory_gib", done, peak)

    def on_points(self, points: list[Point]) -> None:
        """Tell what was measured."""
        for step, name, value in points:
            self.events.metric(f"train/{name}", step, value)

    def on_frame(self, step: int, path: Path) -> None:
        """Say that there is a picture to be looked at."""
        self.events.image("samples", step, path)
