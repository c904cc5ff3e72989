"""A training that is watched: measured, guarded, and written down so that it can go on.

The loop itself is in `training`; this module decides what happens between its steps.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from ganatomy.gan.distributed import Ranks, SingleRank
from ganatomy.gan.model import Gan
from ganatomy.gan.movement import Movement
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.snapshots import Snapshot, Snapshots
from ganatomy.gan.state import TrainingState
from ganatomy.gan.step import Values
from ganatomy.gan.training import Diverged, finished, num_steps, read, train
from ganatomy.gan.training_guards import Guards, TrainingFinding

Point = tuple[int, str, float]


class Interrupted(Exception):
    """The training was asked to end; a snapshot of its last step is written."""


@dataclass
class History:
    """The measurements and findings of a training so far; part of every snapshot.

    Attributes
    ----------
    points : list of (step, name, value)
    findings : list of TrainingFinding
        What the guards said.
    guards : dict
        Their memory.
    """

    points: list[Point] = field(default_factory=list)
    findings: list[TrainingFinding] = field(default_factory=list)
    guards: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `from_json`."""
        return {
            "points": [list(point) for point in self.points],
            "findings": [list(finding) for finding in self.findings],
            "guards": self.guards,
        }

    @staticmethod
    def from_json(values: dict[str, Any]) -> "History":
        """Build it from plain values."""
        return History(
            [(int(step), str(name), float(value)) for step, name, value in values["points"]],
            [TrainingFinding(*finding) for finding in values["findings"]],
            values["guards"],
        )


@dataclass(frozen=True)
class Monitoring:
    """Intervals at which a training is measured and probed, and which snapshot it ends with.

    Attributes
    ----------
    measure_every : int
        Steps between two measurements of losses, logits and gradients.
    probe_kimg : float
        Thousands of real images shown between two probes, each of which is written as snapshot.
    publish : `Published`
        Which snapshot the training ends with; never that of the untrained networks, step 0, unless
        there are no steps.
    """

    measure_every: int = 20
    probe_kimg: float = 20.0
    publish: str = "best"

    def probe_steps(self, num_images: int, settings: TrainingSettings) -> list[int]:
        """List the steps after which a training of `num_images` images is probed.

        Step 0 and the last one are among them.
        """
        total = num_steps(num_images, settings)
        every = max(1, round(1000 * self.probe_kimg / settings.images_per_step))
        return [*range(0, total, every), total]


@dataclass(frozen=True)
class SessionCallbacks:
    """Functions that a session calls.

    Attributes
    ----------
    probe : callable
        Called with the GAN and its step; returns figures by name and the score that ``best`` goes
        by (lower is better).
    on_step : callable
        Called with (done, total) after each step.
    on_points : callable
        Called with new points.
    on_warning : callable
        Called with a text.
    should_stop : callable
        Asked after each step.
    """

    probe: Callable[[Gan, int], tuple[dict[str, float], float]]
    on_step: Callable[[int, int], None]
    on_points: Callable[[list[Point]], None]
    on_warning: Callable[[str], None]
    should_stop: Callable[[], bool]


def run_session(
    state: TrainingState,
    images: torch.Tensor,
    labels: torch.Tensor | None,
    *,
    settings: TrainingSettings,
    seed: int,
    monitoring: Monitoring,
    snapshots: Snapshots,
    callbacks: SessionCallbacks,
    ranks: Ranks | None = None,
) -> tuple[Gan, History, int]:
    """Train from the newest snapshot, or from the start, to the end.

    Where several processes train, this is what rank 0 calls; the others call `follow_session`.

    Returns
    -------
    (gan, history, step)
        The published GAN in eval mode, what was seen, and the step that it is of.

    Raises
    ------
    Interrupted
        `should_stop` said so.
    Diverged
        A value is no longer finite; the last good snapshot is named and kept.
    InputError
        The newest snapshot is of other networks.
    """
    ranks = ranks or SingleRank()
    session = _Session(state, settings, len(images), monitoring, snapshots, callbacks, ranks)
    session.resume()
    try:
        train(
            state,
            images,
            labels,
            settings=settings,
            seed=seed,
            on_step=session.on_step,
            measure_every=monitoring.measure_every,
            ranks=ranks,
        )
    except Diverged as error:
        kept = snapshots.all()
        where = f"the last good checkpoint is {kept[-1].folder}" if kept else "no checkpoint yet"
        raise Diverged(f"{error}; {where}. Lower the learning rate or add a penalty.") from None
    return session.publish()


def follow_session(
    state: TrainingState,
    images: torch.Tensor,
    labels: torch.Tensor | None,
    *,
    settings: TrainingSettings,
    seed: int,
    measure_every: int,
    ranks: Ranks,
) -> None:
    """Train as another rank than the first: nothing is measured, written or said here.

    Parameters
    ----------
    measure_every : int
        As in rank 0's `Monitoring`.

    Raises
    ------
    Interrupted
        Rank 0 was asked to end.
    """
    snapshot: Snapshot | None = ranks.first(None)
    if snapshot is not None:
        # rank 0 may remove it after its next step, of which this process is a part
        Snapshots(snapshot.folder.parent, 1).restore(snapshot, state)

    def on_step(state: TrainingState, total: int, _values: Values | None) -> None:
        if ranks.first(False):
            raise Interrupted(f"asked to end at step {state.step} of {total}")

    train(
        state,
        images,
        labels,
        settings=settings,
        seed=seed,
        on_step=on_step,
        measure_every=measure_every,
        ranks=ranks,
    )


class _Session:
    def __init__(
        self,
        state: TrainingState,
        settings: TrainingSettings,
        num_images: int,
        monitoring: Monitoring,
        snapshots: Snapshots,
        callbacks: SessionCallbacks,
        ranks: Ranks,
    ) -> None:
        self.state, self.monitoring, self.snapshots, self.callbacks = (
            state,
            monitoring,
            snapshots,
            callbacks,
        )
        self.ranks = ranks
        self.total = num_steps(num_images, settings)
        self.probe_steps = set(monitoring.probe_steps(num_images, settings))
        self.history = History()
        self.guards = Guards()
        gan = state.gan  # before it becomes what a snapshot holds: the first weights
        self.movements = {"g": Movement(gan.generator), "d": Movement(gan.discriminator)}

    def resume(self) -> None:
        snapshot, faults = self.snapshots.restore_latest(self.state)
        for fault in faults:
            self.callbacks.on_warning(f"a checkpoint cannot be used: {fault}")
        self.ranks.first(snapshot)
        if snapshot is None:
            self._probe()
            return
        self.history = History.from_json(snapshot.history)
        self.guards.restore(self.history.guards)
        self.callbacks.on_warning(f"goes on from step {snapshot.step} of {self.total}")
        self.callbacks.on_points(self.history.points)

    def on_step(self, state: TrainingState, total: int, values: Values | None) -> None:
        stopping = self.callbacks.should_stop() and state.step < total
        if values is not None:
            self._add(read(values, state.step))
        if state.step in self.probe_steps:
            self._probe()
        elif stopping:
            self._write(None)
        self.callbacks.on_step(state.step, total)
        if self.ranks.first(stopping):
            raise Interrupted(f"asked to end at step {state.step} of {total}")

    def publish(self) -> tuple[Gan, History, int]:
        best = self.snapshots.best()
        trained = best is not None and best.step > 0  # else no later one could be written
        if self.monitoring.publish == "best" and best and trained and best.step != self.state.step:
            self.snapshots.restore(best, self.state)
        return finished(self.state), self.history, self.state.step

    def _probe(self) -> None:
        if not self.state.is_finite():
            raise Diverged(f"the weights are no longer finite at step {self.state.step}")
        values, score = self.callbacks.probe(self.state.gan, self.state.step)
        changes = {f"{name}_change": each.change() for name, each in self.movements.items()}
        self._add(values, {"score": score, **changes})
        self._write(score)

    def _add(self, values: dict[str, float], judged: dict[str, float] | None = None) -> None:
        """Record measured values; `judged` is for the guards alone."""
        points = [(self.state.step, name, value) for name, value in values.items()]
        self.history.points += points
        self.callbacks.on_points(points)
        for finding in self.guards.look(self.state.step, self.total, values | (judged or {})):
            self.history.findings.append(finding)
            self.callbacks.on_warning(finding.text)
        self.history.guards = self.guards.state()

    def _write(self, score: float | None) -> None:
        try:
            self.snapshots.write(self.state, score, self.history.to_json())
        except OSError as error:
            self.callbacks.on_warning(
                f"no checkpoint of step {self.state.step} could be written ({error}); "
                "the training goes on, the one before is kept"
            )
