"""How long stages will take on this machine: pure arithmetic of work, speed and what is known.

A stage takes what its process needs to begin, and so much for each unit of its work. Where an
earlier run has measured it here, that is what is scaled; else what dvc.yaml says it takes.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flows import schedule
from flows.stages import Stage
from tasks.shared.work import COMPUTE, RETRAIN, TRAIN, Work

Speed = Mapping[str, float]  # seconds of a unit of each kind of work

# On the machine that `cost_s` of dvc.yaml is about: two cores, each with a stage at work.
REFERENCE: Speed = {COMPUTE: 0.0155, TRAIN: 0.0165, RETRAIN: 0.0097}
_BEGIN_S = 2.0  # of a stage: the interpreter, torch
_SURE_S = 120.0  # what a stage has to take until its own pace counts as much as the usual one
# seconds of a stage for each second of bare training steps, one GAN alone: packs of four save some
_OVERHEAD = {TRAIN: 1.0, RETRAIN: 0.7}


@dataclass(frozen=True)
class Measured:
    """What a stage took in an earlier run, and what it had to do then.

    Attributes
    ----------
    seconds, units : float
    unit_s : float
        Seconds of a unit of its kind of work, as measured then.
    compute_s : float
        The same of the kind ``compute``.
    """

    seconds: float
    units: float
    unit_s: float
    compute_s: float

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return asdict(self)

    @staticmethod
    def from_json(values: Any) -> "Measured":
        """Read what `to_json` gave; ValueError where it cannot have been measured."""
        read = Measured(**{name: float(value) for name, value in values.items()})
        if not (0 < read.unit_s < math.inf and 0 < read.compute_s < math.inf):
            raise ValueError("no time passed")
        if not (0 <= read.seconds < math.inf and 0 <= read.units < math.inf):
            raise ValueError("no amount of work")
        return read


def units_of(stage: str, stages: Iterable[str], work: Mapping[str, Work]) -> Work:
    """Give the work of one stage, of a matrix its even share."""
    base = _base(stage)
    if base not in work:
        return Work(1.0)
    instances = sum(_base(name) == base for name in stages)
    return Work(work[base].units / max(1, instances), work[base].kind)


def seconds(
    stages: list[Stage],
    work: Mapping[str, Work],
    usual: Mapping[str, Work],
    *,
    speed: Speed,
    measured: Mapping[str, Measured],
) -> dict[str, float]:
    """Forecast what each stage takes.

    Parameters
    ----------
    stages : list of Stage
    work : mapping of str to Work
        Of this run, by stage without its instance.
    usual : mapping of str to Work
        The same of the default run, which `cost_s` of dvc.yaml is about.
    speed : mapping of str to float
        Seconds of a unit of each kind of work here; of steps of the networks that are asked for.
    measured : mapping of str to Measured
        From earlier runs, by stage with its instance.
    """
    names = [stage.name for stage in stages]
    slowness = speed[COMPUTE] / REFERENCE[COMPUTE]
    found = {}
    for stage in stages:
        own = units_of(stage.name, names, work)
        rate = _usual_rate(stage, own.kind, units_of(stage.name, names, usual))
        before = _known(stage.name, measured)
        if before is None:
            found[stage.name] = _BEGIN_S * slowness + rate * own.units * speed[own.kind]
        else:
            found[stage.name] = _scaled(before, own, speed, rate)
    return found


def _scaled(before: Measured, now: Work, speed: Speed, usual_rate: float) -> float:
    """Scale what was measured: less work along a line, more of it with care.

    What a small run took says little of a large one, so the seconds for more work are between those
    that were measured and the usual ones: the measured ones count the more, the more there was.
    """
    began_s = min(_BEGIN_S * before.compute_s / REFERENCE[COMPUTE], before.seconds)
    begin_s = began_s * speed[COMPUTE] / before.compute_s
    work_s = (before.seconds - began_s) * speed[now.kind] / before.unit_s
    if now.units <= before.units:
        return begin_s + work_s * (now.units / before.units if before.units else 1.0)
    bare_s, more_s = before.units * speed[now.kind], (now.units - before.units) * speed[now.kind]
    if usual_rate > 0:
        rate = (work_s + _SURE_S) / (bare_s + _SURE_S / usual_rate)
    else:
        rate = work_s / bare_s if bare_s else 0.0
    return begin_s + work_s + rate * more_s


def _usual_rate(stage: Stage, kind: str, usual: Work) -> float:
    """Give seconds for each second of bare work, where no run has measured it."""
    if kind != COMPUTE:
        return _OVERHEAD[kind]
    return max(0.0, stage.cost_s - _BEGIN_S) / (usual.units * REFERENCE[kind] or 1.0)


def is_known(name: str, measured: Mapping[str, Measured]) -> bool:
    """Tell whether a run has measured a stage, or another instance of its matrix."""
    return _known(name, measured) is not None


def _known(name: str, measured: Mapping[str, Measured]) -> Measured | None:
    """Give what was measured of a stage, or of another instance of its matrix."""
    alike = [each for each in measured if _base(each) == _base(name)]
    return measured.get(name) or (measured[min(alike)] if alike else None)


def _base(name: str) -> str:
    return name.partition("@")[0]


def left(
    stages: list[Stage],
    costs: Mapping[str, float],
    slots: int,
    *,
    done: Collection[str] = (),
    at_work: Mapping[str, float] | None = None,
) -> float:
    """Forecast the seconds until the last stage ends.

    Parameters
    ----------
    costs : mapping of str to float
        Seconds of each stage.
    slots : int
        Threads for stages side by side.
    done : collection of str
        Stages that need nothing more.
    at_work : mapping of str to float
        Seconds that are left of those that have begun.
    """
    times = schedule.simulated(
        [stage for stage in stages if stage.name not in done],
        dict(costs),
        slots,
        at_work=dict(at_work or {}),
    )
    return max((end for _, end in times.values()), default=0.0)


def drift(took: Mapping[str, float], costs: Mapping[str, float], weight_s: float = 30.0) -> float:
    """Tell how many times longer than forecast stages take, by those that have ended.

    `weight_s` seconds that went as forecast are added: a second more or less of the first small
    stage means nothing.
    """
    forecast = sum(costs[name] for name in took)
    return (weight_s + sum(took.values())) / (weight_s + forecast)


def clock(seconds_taken: float) -> str:
    """Write a time in a column: ``0:04``, ``2:14``, ``1:02:14``."""
    minutes, rest = divmod(round(seconds_taken), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def words(seconds_left: float) -> str:
    """Say a time as people do: ``a few seconds``, ``about 45 s``, ``about 2 h 10 min``."""
    if seconds_left < 7.5:
        return "a few seconds"
    if seconds_left < 57.5:
        return f"about {5 * round(seconds_left / 5)} s"
    if seconds_left < 595:
        minutes, rest = divmod(10 * round(seconds_left / 10), 60)
        return f"about {minutes} min {rest} s" if rest else f"about {minutes} min"
    minutes = round(seconds_left / 60)
    if minutes < 60:
        return f"about {minutes} min"
    hours, minutes = divmod(10 * round(seconds_left / 600), 60)
    return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"
