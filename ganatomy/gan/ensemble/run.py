"""Many trainings, pack after pack; each can be broken off and gone on with."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from ganatomy.files import read_json, write_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.ensemble.feed import Feed
from ganatomy.gan.ensemble.members import Job, Members, PackedMembers, SingleMember, Trained
from ganatomy.gan.ensemble.pack import Pack
from ganatomy.gan.ensemble.steps import NotStackable, Steps
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import check_trainable

LOOP = "loop"
_SIZE = "pack_size.json"
_SHARE_OF_MEMORY = 0.5  # of what is free, that a pack may take


@dataclass(frozen=True)
class Packing:
    """Backend and size of the packs that members are trained in.

    Attributes
    ----------
    backend : `Backend`
        ``loop``: one after the other.
    size : int
        Members of a pack; fewer where the device's memory asks for it.
    """

    backend: str = "grouped"
    size: int = 4


@dataclass(frozen=True)
class EnsembleCallbacks:
    """Functions that a training of an ensemble calls.

    Attributes
    ----------
    on_step : callable
        Called with (steps done by all members together, of how many) after each step.
    on_trained : callable
        Called with a `Trained` at each of the shares and at the end (share 1).
    on_warning : callable
        Called with a text.
    is_time : callable
        Asked after each step: is a checkpoint due?
    """

    on_step: Callable[[int, int], None]
    on_trained: Callable[[Trained], None]
    on_warning: Callable[[str], None]
    is_time: Callable[[], bool]


def train_ensemble(
    jobs: list[Job],
    architecture: Architecture,
    settings: TrainingSettings,
    *,
    device: torch.device,
    total: int,
    packing: Packing,
    callbacks: EnsembleCallbacks,
    kept: Path,
    is_done: Callable[[str], bool],
    shares: tuple[float, ...] = (),
) -> int:
    """Train every job for `total` steps of G, as many at a time as `packing` says.

    A member's result does not depend on who else is in its pack, up to the order of summation; one
    that is no longer finite leaves the others as they are, to the bit.

    Parameters
    ----------
    kept : Path
        Where packs that are broken off are kept, to go on from.
    is_done : callable
        Whether a job, by name, was trained before; a pack of such is passed over.
    shares : tuple of float in (0, 1)
        Of the steps, besides the end, at which `callbacks.on_trained` is called.

    Returns
    -------
    int
        How many members the largest pack had.

    Raises
    ------
    InputError
        A job's images are fewer than one batch, or lack the labels that the method needs.
    Exception
        Whatever `callbacks` raises; a checkpoint is written before.
    """
    for job in jobs:
        check_trainable(job.view.images, job.view.labels, settings)
    trainer = _Trainer(architecture, settings, device, total)
    size = trainer.prepare(jobs, packing, _size_before(kept), callbacks.on_warning)
    write_json(kept / _SIZE, size)
    done = 0
    for group in _packs(jobs, size):
        snapshots = Snapshots(kept / _folder_name(group), 1)
        if all(is_done(job.name) for job in group):
            snapshots.clear()
        else:
            members = trainer.begin(group)
            for fault in snapshots.restore_latest(members)[1]:
                callbacks.on_warning(fault)
            _train_group(members, snapshots, total, shares, callbacks, done, len(jobs))
        done += len(group)
        callbacks.on_step(done * total, len(jobs) * total)
    return size


def _size_before(kept: Path) -> int | None:
    """The size of the packs that were broken off here: their checkpoints are for that size."""
    return int(read_json(kept / _SIZE)) if (kept / _SIZE).exists() else None


def _folder_name(jobs: list[Job]) -> str:
    names = "\n".join(job.name for job in jobs)
    return f"pack-{hashlib.sha256(names.encode()).hexdigest()[:12]}"


def _packs(jobs: list[Job], size: int) -> Iterator[list[Job]]:
    """Divide into as many packs as have to be, of sizes that differ by one at most."""
    count = -(-len(jobs) // size)
    for number in range(count):
        yield jobs[number * len(jobs) // count : (number + 1) * len(jobs) // count]


def _train_group(
    members: Members,
    snapshots: Snapshots,
    total: int,
    shares: tuple[float, ...],
    callbacks: EnsembleCallbacks,
    done_before: int,
    num_jobs: int,
) -> None:
    """From where the members are to their end; a checkpoint when it is due, or when they stop."""
    stops: dict[int, list[float]] = {}
    for share in shares:
        stops.setdefault(min(max(round(share * total), 1), total - 1), []).append(share)

    def hand_over_shares(step: int) -> None:
        for share in stops.get(step, []) if 0 < step < total else []:
            members.hand_over(share, callbacks.on_trained)

    def write() -> None:
        try:
            snapshots.write(members, None, {})
        except OSError as error:  # a full disk costs the checkpoint, not the training
            callbacks.on_warning(f"checkpoint not written: {error}")

    def after_step(step: int) -> None:
        try:
            hand_over_shares(step)
            callbacks.on_step(done_before * total + step * len(members), num_jobs * total)
            due = callbacks.is_time()
        except BaseException:
            write()
            raise
        if due and step < total:
            write()

    hand_over_shares(members.step)  # what failed in it is done again
    members.train(after_step)
    members.hand_over(1.0, callbacks.on_trained)
    snapshots.clear()


class _Trainer:
    """Settings and recorded steps that all packs share."""

    def __init__(
        self,
        architecture: Architecture,
        settings: TrainingSettings,
        device: torch.device,
        total: int,
    ) -> None:
        self.architecture, self.settings, self.device = architecture, settings, device
        self.total = total
        self._backend = LOOP
        self._recorded: dict[int, Steps] = {}

    def prepare(
        self, jobs: list[Job], packing: Packing, before: int | None, warn: Callable[[str], None]
    ) -> int:
        """Find out how many members a pack can have, at most as many as `before`; returns it."""
        size = min(packing.size if before is None else before, len(jobs))
        if packing.backend == LOOP or size < 1:
            return 1
        self._backend = packing.backend
        limit = _SHARE_OF_MEMORY * _free_bytes(self.device)
        while True:
            largest = max(_packs(jobs, size), key=len)
            needed: float
            try:
                needed = self._together(largest).verified_bytes()
            except NotStackable as error:
                warn(f"members are trained one by one: {error}")
                self._backend = LOOP
                return 1
            except torch.OutOfMemoryError:
                needed = 2 * limit
            self._recorded = {n: kept for n, kept in self._recorded.items() if needed <= limit}
            if needed <= limit or size == 1:
                return size
            size = max(1, int(size * limit / needed))
            warn(
                f"a pack of {len(largest)} needs {needed / 2**30:.1f} GiB: packs of {size} instead"
            )

    def begin(self, jobs: list[Job]) -> Members:
        """New members, before their first step."""
        if self._backend == LOOP:
            (job,) = jobs
            return SingleMember(job, self._state(job), self.settings, self.total)
        return self._together(jobs)

    def _together(self, jobs: list[Job]) -> PackedMembers:
        states = [self._state(job) for job in jobs]
        return PackedMembers(jobs, states, self.settings, self.total, self._steps)

    def _state(self, job: Job) -> TrainingState:
        return begin(self.architecture, self.settings, job.view.seed, device=self.device)

    def _steps(self, pack: Pack, feed: Feed) -> Steps:
        if len(pack) not in self._recorded:
            batch, z = feed.batch(0)
            method = self.settings.method
            self._recorded[len(pack)] = Steps(pack, z, batch, method, self._backend)
        return self._recorded[len(pack)]


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + idle
    return int(psutil.virtual_memory().available)
