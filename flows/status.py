"""The state of a project: the run at work, the last one and its record, what is still to record."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from flows import spool
from flows.settings import STATE
from ganatomy.files import write_json

_LAST = STATE / "last.json"
_LOCK = STATE / "run.lock"


@dataclass
class LastRun:
    """How a run ended, and what became of its record.

    Attributes
    ----------
    name, status : str
        As in the record; ``RUNNING`` while it is so, or where the run was killed.
    recorded : bool
        Whether MLflow has all of it.
    store : str
        Where the record is, without passwords.
    why, remedy : str
        Why it is not recorded, and what to do; empty where it is.
    notices : list of str
        What had to be put right, or was dropped.
    """

    name: str
    status: str
    store: str
    recorded: bool = False
    why: str = ""
    remedy: str = ""
    notices: list[str] = field(default_factory=list)

    def write(self, root: Path) -> None:
        """Keep it for those who ask later."""
        write_json(root / _LAST, asdict(self))

    @staticmethod
    def read(root: Path) -> "LastRun | None":
        """The newest run's; None where there was none, or the file is of no use."""
        try:
            return LastRun(**json.loads((root / _LAST).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def lines(self) -> list[str]:
        """What to say of the record, at the end of a run and later."""
        if self.recorded:
            return [f"record:  {self.store}   (make ui)", *(f"record:  {n}" for n in self.notices)]
        waits = f"It waits in {spool.SPOOL}; the next run publishes it."
        told = " ".join(filter(None, (self.remedy, waits)))
        return [*(f"record:  {n}" for n in self.notices), f"not recorded: {self.why}. {told}"]


def lines(root: Path) -> list[str]:
    """The state of the project's runs, for people."""
    working = at_work(root)
    found = [f"run:     {working or 'none at work'}"]
    last = LastRun.read(root)
    if last is None:
        found.append("last:    none yet")
    elif last.status != "RUNNING":
        found += [f"last:    {last.name} {last.status}", *last.lines()]
    elif not working:
        found.append(f"last:    {last.name} was killed; the next run records it so")
    return [*found, _waiting(root)]


def at_work(root: Path) -> str:
    """Say since when a run is at work, and which process; "" where none is."""
    try:
        holder: dict[str, Any] = json.loads((root / _LOCK).read_text())
        process = psutil.Process(holder["pid"])
        if (
            process.create_time() > holder["since_s"] + 1
        ):  # another's, with the number of one that is gone
            return ""
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return ""
    return f"at work since {holder['since']}, process {holder['pid']}"


def _waiting(root: Path) -> str:
    load = spool.load(root)
    if not load.num_runs:
        return "waiting: nothing"
    what = f"{load.num_runs} to be recorded, {load.num_bytes / 1e6:.1f} MB, since {load.oldest}"
    return (
        f"waiting: {what}, in {spool.SPOOL}; the next run publishes it"
        f" (kept: {spool.MAX_RUNS} runs, {spool.MAX_BYTES / 2**30:.0f} GiB)"
    )
