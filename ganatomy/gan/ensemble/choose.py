"""Which way of training many GANs is quickest here: tried, not guessed."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.ensemble.feed import View
from ganatomy.gan.ensemble.members import Job, Trained
from ganatomy.gan.ensemble.run import LOOP, EnsembleCallbacks, Packing, train_ensemble
from ganatomy.gan.ensemble.stacked import BACKENDS
from ganatomy.gan.settings import TrainingSettings

_SIZES = {"cpu": (2, 4, 8), "cuda": (4, 16, 32, 64)}


@dataclass(frozen=True)
class Timing:
    """The measured time of a training step, for each member.

    Attributes
    ----------
    packing : Packing
    member_step_s : float or None
        Mean over the steps; None where the packing cannot be had.
    reason : str
        Why not; else empty.
    """

    packing: Packing
    member_step_s: float | None
    reason: str = ""


def candidates(device: torch.device, num_members: int) -> list[Packing]:
    """List the packings that are worth trying on a device."""
    sizes = [size for size in _SIZES[device.type] if size <= num_members]
    return [Packing(LOOP, 1)] + [Packing(backend, size) for backend in BACKENDS for size in sizes]


def measure(
    packing: Packing,
    view: View,
    architecture: Architecture,
    *,
    settings: TrainingSettings,
    device: torch.device,
    num_steps: int,
    warm_up: int = 1,
) -> Timing:
    """Train as many members as a pack has for a few steps; all of them on `view`'s images.

    Parameters
    ----------
    num_steps : int
        Of each member, the first `warm_up` of which are not counted. Best so many that each kind
        of step comes as often as in a whole training.
    """
    reasons: list[str] = []
    marks: list[float] = []

    def on_step(_done: int, _total: int) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        marks.append(time.perf_counter())

    def ignore(_trained: Trained) -> None: ...

    jobs = [
        Job(str(index), View(view.images, view.labels, view.seed + index))
        for index in range(packing.size)
    ]
    with TemporaryDirectory() as folder:
        try:
            train_ensemble(
                jobs,
                architecture,
                settings,
                device=device,
                total=num_steps,
                packing=packing,
                callbacks=EnsembleCallbacks(on_step, ignore, reasons.append, lambda: False),
                kept=Path(folder),
                is_done=lambda _name: False,
            )
        except torch.OutOfMemoryError:
            return Timing(packing, None, "out of memory")
    if reasons:
        return Timing(packing, None, reasons[0])
    # a loop trains its members one after the other: those of the first count
    passed_s = marks[num_steps - 1] - marks[warm_up - 1]
    return Timing(packing, passed_s / (num_steps - warm_up) / packing.size)


def fastest(timings: list[Timing]) -> Packing:
    """Return the packing with the shortest step; `loop` is always among those that can be had."""
    possible = [timing for timing in timings if timing.member_step_s is not None]
    return min(possible, key=lambda timing: timing.member_step_s or 0.0).packing
