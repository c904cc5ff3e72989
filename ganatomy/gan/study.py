"""A training that is watched from its data to its end, goes on where it broke off, and is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.files import whole_folder
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.distributed import Ranks
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import latents
from ganatomy.gan.session import (
    History,
    Monitoring,
    Point,
    SessionCallbacks,
    follow_session,
    run_session,
)
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import architecture_for
from ganatomy.gan.training_guards import TrainingFinding
from ganatomy.gan.training_probe import TrainingProbe
from ganatomy.marking import GENERATED
from ganatomy.tensors import digest_of

_GRID_COLUMNS = 8


@dataclass(frozen=True)
class Course:
    """A training, as every process that takes part in it is told of it.

    Attributes
    ----------
    settings : TrainingSettings
    monitoring : Monitoring
    seed : int
    device : torch.device
        The process's own.
    """

    settings: TrainingSettings
    monitoring: Monitoring
    seed: int
    device: torch.device

    def begin(self, train: Dataset) -> TrainingState:
        """Make the networks that fit the data, before their first step."""
        return begin(self.architecture(train), self.settings, self.seed, device=self.device)

    def architecture(self, train: Dataset) -> Architecture:
        """Describe the networks that fit the data."""
        return architecture_for(train.images, self.settings, len(train.class_names))


@dataclass(frozen=True, eq=False)
class TrainedGan:
    """A GAN and the course of its training.

    Attributes
    ----------
    gan : Gan
        In eval mode.
    step : int
        That it is of: the last one, or the best.
    points : tuple of (step, name, value)
        All that was measured on the way.
    findings : tuple of TrainingFinding
        What the guards said.
    score : str
        The name of the figure that the best goes by.
    num_images : int
        That it was trained on.
    frames : tuple of Path
        A picture of the same latents for each probe, in order, named after the step.
    remembered : tuple of Path
        A folder with the GAN of some of the steps, in order, named after the step.
    """

    gan: Gan
    step: int
    points: tuple[Point, ...]
    findings: tuple[TrainingFinding, ...]
    score: str
    num_images: int
    frames: tuple[Path, ...]
    remembered: tuple[Path, ...]

    def metrics(self) -> dict[str, float | int]:
        """Give the score of what was published, and sizes; the course itself is in `points`.

        The last point of a curve is no figure of the GAN: another step may have been published.
        """
        best = next(
            value for at, name, value in self.points if (at, name) == (self.step, self.score)
        )
        return {
            "num_parameters_generator": _size(self.gan.generator),
            "num_parameters_discriminator": _size(self.gan.discriminator),
            "num_steps": self.points[-1][0],
            "published_step": self.step,
            f"published_{self.score}": best,
            "num_images": self.num_images,
            "num_findings": len(self.findings),
        }


def train_watched(
    train: Dataset,
    held_out: Dataset,
    network: nn.Module,
    course: Course,
    *,
    kept: Path,
    num_fakes: int = 500,
    num_remembered: int = 8,
    num_last: int = 2,
    ranks: Ranks | None = None,
    on_step: Callable[[int, int], None] = lambda done, total: None,
    on_points: Callable[[list[Point]], None] = lambda points: None,
    on_frame: Callable[[int, Path], None] = lambda step, path: None,
    on_warning: Callable[[str], None] = lambda text: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainedGan:
    """Train a GAN, and look at it on the way; what was broken off goes on to the same bytes.

    Parameters
    ----------
    train, held_out : Dataset
        The images of the former may be mapped.
    network : nn.Module
        In whose features generated images are compared with training images.
    course : Course
    kept : Path
        Where checkpoints, pictures and remembered GANs are kept, to go on from.
    num_fakes : int
        Generated images of each probe.
    num_remembered : int
        GANs of the training's course that are kept.
    num_last : int
        Checkpoints that are kept besides the best.
    ranks : Ranks, optional
        The processes that share each batch; the others call `follow_watched`.
    on_step : callable
        Called with (done, total) after each step.
    on_points : callable
        Called with new points.
    on_frame : callable
        Called with the step and the picture of each probe.
    on_warning : callable
    should_stop : callable
        Asked after each step.

    Raises
    ------
    Interrupted
        `should_stop` said so.
    Diverged
        A value is no longer finite.
    InputError
        Too few images or labels.
    """
    architecture, settings = course.architecture(train), course.settings
    z = latents(max(_GRID_COLUMNS**2, num_fakes), architecture, course.seed, "train", "grid")
    probe = TrainingProbe(network, train.images, held_out.images, z)
    steps = spread(course.monitoring.probe_steps(len(train), settings), num_remembered)
    watch = _Watch(probe, kept / "frames", kept / "history", steps, on_frame)
    gan, history, step = run_session(
        course.begin(train),
        train.images,
        train.labels,
        settings=settings,
        seed=course.seed,
        monitoring=course.monitoring,
        snapshots=Snapshots(kept, num_last),
        callbacks=SessionCallbacks(watch.look, on_step, on_points, on_warning, should_stop),
        ranks=ranks,
    )
    return _result(gan, history, step, len(train), watch)


def follow_watched(train: Dataset, course: Course, ranks: Ranks) -> None:
    """Take part in the training that rank 0 watches.

    Raises
    ------
    Interrupted
        Rank 0 was asked to end.
    """
    follow_session(
        course.begin(train),
        train.images,
        train.labels,
        settings=course.settings,
        seed=course.seed,
        measure_every=course.monitoring.measure_every,
        ranks=ranks,
    )


def spread(steps: list[int], count: int) -> list[int]:
    """Choose so many of the steps, evenly spread from the first to the last; all if fewer.

    Examples
    --------
    >>> spread([0, 10, 20, 30, 40], 3)
    [0, 20, 40]
    """
    count = min(count, len(steps))
    chosen = {round(index * (len(steps) - 1) / max(1, count - 1)) for index in range(count)}
    return [steps[index] for index in sorted(chosen)]


class _Watch:
    """Draws and remembers what the probes see."""

    def __init__(
        self,
        probe: TrainingProbe,
        frames: Path,
        history: Path,
        remembered: list[int],
        on_frame: Callable[[int, Path], None],
    ) -> None:
        self.probe, self.frames, self.history = probe, frames, history
        self.remembered, self.on_frame = remembered, on_frame

    def look(self, gan: Gan, step: int) -> tuple[dict[str, float], float]:
        values, fakes = self.probe.look(gan)
        path = self.frames / f"{step:09d}.png"
        mark = GENERATED.by(digest_of(gan.generator_ema.state_dict()))
        write_png(path, contact_sheet(fakes[: _GRID_COLUMNS**2], _GRID_COLUMNS), mark)
        self.on_frame(step, path)
        if step in self.remembered:
            with whole_folder(self.folder_of(step)) as folder:
                save_gan(gan, folder)
        return values, values[self.probe.name]

    def folder_of(self, step: int) -> Path:
        return self.history / f"{step:09d}"


def _result(gan: Gan, history: History, step: int, num_images: int, watch: _Watch) -> TrainedGan:
    return TrainedGan(
        gan,
        step,
        tuple(history.points),
        tuple(history.findings),
        watch.probe.name,
        num_images,
        tuple(sorted(watch.frames.glob("*.png"))),
        tuple(watch.folder_of(each) for each in watch.remembered),
    )


def _size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
