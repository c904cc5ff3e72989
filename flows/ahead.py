"""What a run says of its length: at its start, and while it goes on what is left."""

import json
import math
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from flows import forecast, params, processes, speed
from flows.forecast import Measured, Speed
from flows.pace import Pace
from flows.settings import STATE
from flows.stages import Stage
from flows.standing import Standing
from flows.watch import Event
from ganatomy.files import write_json
from tasks.shared.work import COMPUTE, TRAIN, Document, is_adopted, num_training_images, work

_MEASURED = STATE / "work.json"
_AT_THE_END_S = 6.0  # everything is read once more, and recorded
_USUAL_IMAGES = 4000  # that the default run trains with
_ENDED_WELL = ("ran", "restored", "cached")
_OVERDUE = 0.1  # of what a stage took, where it takes longer than forecast
_EVIDENCE_S = 20.0  # of stages that ended, from which on a machine that was not timed is known
_STANDING_INTERVAL_S = 1.0


class Ahead:
    """A listener that knows what is left; a context within which it may still be measuring.

    Parameters
    ----------
    root : Path
    stages : list of Stage
    unchanged : collection of str
        Stages that have nothing to do.
    slots : int
        Threads for stages side by side.
    document : dict
        params.yaml, checked and with every default.
    tell : callable
        Is handed the sentence at the start, as soon as it can be said.
    """

    def __init__(
        self,
        root: Path,
        stages: list[Stage],
        unchanged: Collection[str],
        *,
        slots: int,
        document: Document,
        tell: Callable[[str], None],
    ) -> None:
        self._root, self._stages, self._slots = root, stages, slots
        self._document, self._tell = document, tell
        self._unchanged = set(unchanged)
        self._done = set(unchanged)
        self._begun: dict[str, float] = {}
        self._paces: dict[str, Pace] = {}
        self._took: dict[str, float] = {}
        self._speed: Speed | None = None
        self._costs: dict[str, float] = {}
        self._stood_s = -math.inf
        self._is_over = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._measure, name="ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = True
        with suppress(OSError):  # a full disk must not hide why a run ended
            self._keep()

    def _measure(self) -> None:
        found = speed.result(self._root, self._document)
        with self._lock:
            if self._is_over or processes.stopping.is_set():
                return
            self._speed = found
            self._costs = self._costs_now()
            text = sentence(
                self._left_s(),
                self._stages,
                self._unchanged,
                self._slots,
                images_a_second(self._document, found),
            )
        self._tell(text)

    def stage_started(self, stage: str) -> None:
        """Take the time."""
        with self._lock:
            self._begun[stage] = time.monotonic()
            self._paces[stage] = Pace()

    def stage_said(self, stage: str, event: Event) -> None:
        """Note how far it is."""
        if event["kind"] == "progress":
            with self._lock:
                self._paces.setdefault(stage, Pace()).note(event, time.monotonic())

    def stage_ended(self, stage: str, outcome: str, seconds: float) -> str:
        """Say where the run stands; "" where the stage had nothing to do, or did not end well."""
        with self._lock:
            self._begun.pop(stage, None)
            if outcome == "ran":
                self._took[stage] = seconds
            if outcome in _ENDED_WELL:
                self._done.add(stage)
            if outcome not in ("ran", "restored"):
                return ""
            self._costs = self._costs_now()
            return str(self._standing())

    def standing(self) -> Standing:
        """Tell where the run stands."""
        with self._lock:
            return self._standing()

    def due(self) -> Standing | None:
        """Tell the same at most once a second: None where it was told just now."""
        with self._lock:
            now = time.monotonic()
            if now - self._stood_s < _STANDING_INTERVAL_S:
                return None
            self._stood_s = now
            return self._standing()

    def _standing(self) -> Standing:
        known = self._speed is not None or sum(self._took.values()) >= _EVIDENCE_S
        left_s = self._left_s() if known else None
        return Standing(len(self._done), len(self._stages), left_s)

    def _costs_now(self) -> dict[str, float]:
        """Forecast each stage by what is known now: `prepare` counts the images."""
        return costs(self._root, self._stages, self._document, self._speed)

    def _left_s(self) -> float:
        drift, now = forecast.drift(self._took, self._costs), time.monotonic()
        drifted = {name: drift * seconds for name, seconds in self._costs.items()}
        at_work = {}
        for name, began in self._begun.items():
            by_pace, passed = self._paces[name].left(now), now - began
            by_cost = max(drifted[name] - passed, _OVERDUE * passed)
            at_work[name] = by_cost if by_pace is None else by_pace
        return _AT_THE_END_S + forecast.left(
            self._stages, drifted, self._slots, done=self._done, at_work=at_work
        )

    def _keep(self) -> None:
        """Remember for the next run what stages took and had to do in this one."""
        with self._lock:
            if not self._took:
                return
            unit_s = self._speed or forecast.REFERENCE
            reckoned = work(self._document, num_training_images(self._root, self._document))
            names = [stage.name for stage in self._stages]
            new = {}
            for name, seconds in self._took.items():
                own = forecast.units_of(name, names, reckoned)
                new[name] = Measured(seconds, own.units, unit_s[own.kind], unit_s[COMPUTE])
            kept = measured(self._root) | new
            write_json(
                self._root / _MEASURED, {name: each.to_json() for name, each in kept.items()}
            )


def costs(
    root: Path, stages: list[Stage], document: Document, found: Speed | None
) -> dict[str, float]:
    """Forecast the seconds of each stage."""
    return forecast.seconds(
        stages,
        work(document, num_training_images(root, document)),
        work(params.defaults(), _USUAL_IMAGES),
        speed=found or forecast.REFERENCE,
        measured=measured(root),
    )


def planned(
    root: Path,
    stages: list[Stage],
    unchanged: Collection[str],
    *,
    slots: int,
    document: Document,
    scratch: Path,
) -> tuple[dict[str, float], str]:
    """Forecast the seconds of each stage of a run that begins now, and say what it takes in all.

    Measures if need be, and leaves nothing but in the folder `scratch`.
    """
    if len(unchanged) == len(stages):
        return {}, "Nothing to do."
    with speed.measuring(root, document, scratch):
        found = speed.result(root, document, keep=False)
    seconds = costs(root, stages, document, found)
    left_s = _AT_THE_END_S + forecast.left(stages, seconds, slots, done=unchanged)
    pace = images_a_second(document, found)
    return seconds, sentence(left_s, stages, unchanged, slots, pace)


def sentence(
    left_s: float, stages: list[Stage], unchanged: Collection[str], slots: int, pace: float | None
) -> str:
    """Say how long a run will take: the time, the machine, the stages."""
    machine = f"{slots} core{'s' if slots > 1 else ''}"
    how_long = forecast.words(left_s)
    if pace is None:  # 0 is of a GAN that is not trained here
        told = f"This machine ({machine}) could not be timed; a usual one takes {how_long}"
    else:
        machine += f", {pace:,.0f} training images/s" if pace else ""
        told = f"{how_long[0].upper()}{how_long[1:]} on this machine ({machine})"
    told += f"; {len(stages)} stages"
    return f"{told}, of which {len(unchanged)} are unchanged." if unchanged else f"{told}."


def images_a_second(document: Document, found: Speed | None) -> float | None:
    """Turn the measured step of the training into images shown to D a second; 0 without one."""
    if found is None:
        return None
    if is_adopted(document):
        return 0.0
    return float(document["train"]["batch_size"] * document["gan"]["n_dis"] / found[TRAIN])


def measured(root: Path) -> dict[str, Measured]:
    """Read what stages took in earlier runs; nothing where none is known."""
    try:
        kept = json.loads((root / _MEASURED).read_text())
        return {str(name): Measured.from_json(each) for name, each in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
