"""What a run would be started with and do, without a change to anything in the project."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import adapter, ahead, forecast, params, schedule
from flows.stages import Staleness
from ganatomy.files import write_bytes
from tasks.inputs import files
from tasks.params.section import PARAMS_FILE

_LEGEND = "min:s as measured here last, for as much work as is asked for now"
_UNMEASURED = "~"


@dataclass(frozen=True)
class Plan:
    """What a run would change before its first stage.

    Attributes
    ----------
    changes : list of str
        One line for each value of params.yaml.
    inputs : dict
        What stage `inputs` would write, by path.
    folder : Path
        A folder of the plan's own, gone after it.
    """

    changes: list[str]
    inputs: dict[Path, dict[str, Any]]
    folder: Path


@contextmanager
def planned(root: Path, profile: str | None, assignments: list[str]) -> Iterator[Plan]:
    """Within the block what would be params.yaml is what is read for it."""
    text, changes = params.would_be(root, profile, assignments)
    scratch = root / ".dvc" / "tmp"  # DVC's own, which git and DVC leave alone
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plan-", dir=scratch) as folder:
        path = Path(folder) / PARAMS_FILE
        write_bytes(path, (root / PARAMS_FILE).read_bytes() if text is None else text.encode())
        with params.told(path):
            yield Plan(changes, files.wanted(root), Path(folder))


def lines(root: Path, plan: Plan) -> Iterator[str]:
    """Say what would be changed, what each stage would do, how long that takes, and in all."""
    for change in plan.changes:
        yield f"params.yaml: {change}"
    found = adapter.stale(root, plan.folder, plan.inputs)
    seconds, in_all = ahead.planned(
        root,
        adapter.graph(root, plan.folder),
        [each.stage for each in found if each.is_unchanged],
        slots=schedule.num_slots(),
        document=params.told_document(),
        scratch=plan.folder,
    )
    times = _times(root, found, seconds)
    for each in found:
        yield each.line(times.get(each.stage, ""))
    if times:
        marked = any(time.startswith(_UNMEASURED) for time in times.values())
        yield _LEGEND + (f"; {_UNMEASURED} by forecast alone" if marked else "")
    yield in_all


def _times(root: Path, found: list[Staleness], seconds: dict[str, float]) -> dict[str, str]:
    """The times of the stages that would or may run; marked are those that no run has measured."""
    known = ahead.measured(root)
    return {
        each.stage: ("" if forecast.is_known(each.stage, known) else _UNMEASURED)
        + forecast.clock(seconds[each.stage])
        for each in found
        if not each.is_unchanged
    }
