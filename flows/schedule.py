"""Which of the stages that are ready begins first: the one with the longest way to the end.

Pure functions of the graph, the costs and the threads that there are.
"""

import heapq
import json
import os
from collections.abc import Collection
from pathlib import Path

from flows.settings import STATE
from flows.stages import Stage
from ganatomy.errors import InputError
from ganatomy.files import write_json

_COSTS = STATE / "costs.json"
_SLOTS = "GANATOMY_SLOTS"


def num_slots() -> int:
    """Threads for stages side by side: the cores this process may use, or `GANATOMY_SLOTS`.

    Raises
    ------
    InputError
        The variable is not a whole number of 1 or more.
    """
    given = os.environ.get(_SLOTS)
    if not given:
        return len(os.sched_getaffinity(0))
    if not given.isdecimal() or int(given) < 1:
        raise InputError(f"{given!r} is no number of threads", _SLOTS, "Say 1 or more, or unset.")
    return int(given)


def remaining(stages: list[Stage], costs: dict[str, float]) -> dict[str, float]:
    """Seconds from the beginning of each stage to the end of the run, were all else done.

    Parameters
    ----------
    stages : list of Stage
        Each after those that it waits for.
    costs : dict of str to float
        Measured seconds by stage; what dvc.yaml says of the others is taken.
    """
    behind = dict.fromkeys((stage.name for stage in stages), 0.0)
    found: dict[str, float] = {}
    for stage in reversed(stages):
        found[stage.name] = costs.get(stage.name, stage.cost_s) + behind[stage.name]
        for name in behind.keys() & set(stage.upstream):
            behind[name] = max(behind[name], found[stage.name])
    return found


def unchanged(stages: list[Stage], behind: Collection[str]) -> list[str]:
    """List the stages that are up to date, and all that they wait for."""
    found: list[str] = []
    for stage in stages:
        if stage.name not in behind and set(stage.upstream) <= set(found):
            found.append(stage.name)
    return found


def simulated(
    stages: list[Stage],
    costs: dict[str, float],
    slots: int,
    *,
    at_work: dict[str, float] | None = None,
) -> dict[str, tuple[float, float]]:
    """When each stage would begin and end, in seconds, in the order of beginning.

    As `flows.slots.Slots` shares threads out: the first in line is not overtaken. What is waited
    for and is none of them is done.

    Parameters
    ----------
    at_work : dict of str to float
        Seconds that are left of those that have begun.
    """
    rank = remaining(stages, costs)
    by_name = {stage.name: stage for stage in stages}
    left = {stage.name: set(stage.upstream) & by_name.keys() for stage in stages}
    times = {name: (0.0, rest) for name, rest in (at_work or {}).items() if name in by_name}
    running = [(end, name) for name, (_, end) in times.items()]
    heapq.heapify(running)
    now, free = 0.0, slots - sum(min(by_name[name].threads, slots) for name in times)
    while len(times) < len(stages) or running:
        ready = [name for name in left if not left[name] and name not in times]
        for name in sorted(ready, key=lambda name: -rank[name]):
            wanted = min(by_name[name].threads, slots)
            if wanted > free:
                break
            free -= wanted
            times[name] = (now, now + costs.get(name, by_name[name].cost_s))
            heapq.heappush(running, (times[name][1], name))
        now, ended = heapq.heappop(running)
        free += min(by_name[ended].threads, slots)
        for needs in left.values():
            needs.discard(ended)
    return times


def measured(root: Path) -> dict[str, float]:
    """Seconds that each stage took when it last ran here; nothing where none is known."""
    try:
        found = json.loads((root / _COSTS).read_text())
        return {str(name): float(seconds) for name, seconds in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def keep_measured(root: Path, seconds: dict[str, float]) -> None:
    """Remember for the next run what stages took in this one."""
    if seconds:
        write_json(root / _COSTS, measured(root) | seconds)
