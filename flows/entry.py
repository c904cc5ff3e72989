"""What MLflow is to know of one pipeline run, as files: a JSON and a copy of what it points to.

Published at once where the server answers; else it waits in the spool and is published once by a
later run. A copy, because by then the working folder holds another run's results.
"""

import json
import shutil
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from flows.settings import STATE
from ganatomy.files import write_json

SPOOL = STATE / "spool"
_COPIED = ("reports", "models/gan")


@dataclass
class StageEntry:
    """One stage of a run.

    Attributes
    ----------
    name : str
    outcome : str
        ``ran``, ``restored``, ``cached``, ``failed``, ``stopped`` or ``skipped``.
    digest : str
        Over the MD5s of its outputs: the same digest is the same result.
    started_ms, ended_ms : int
        Unix time.
    run_id : str
        MLflow's, once there is one.
    """

    name: str
    outcome: str = "skipped"
    digest: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    run_id: str = ""


@dataclass
class RunEntry:
    """One pipeline run."""

    name: str
    status: str
    started_ms: int
    ended_ms: int = 0
    run_id: str = ""
    store: str = ""  # the tracking URI that the run ids are of
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    data_digest: str = ""
    data_origin: str = ""
    stages: list[StageEntry] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> "RunEntry":
        """What `to_json` gave."""
        stages = [StageEntry(**stage) for stage in values["stages"]]
        return RunEntry(**{**values, "stages": stages})


def put_aside(root: Path, entry: RunEntry) -> Path:
    """Keep a run for a later publication; the folder is whole or not there."""
    folder = root / SPOOL / f"{entry.name}-{uuid.uuid4().hex[:6]}"
    partial = folder.with_name(f".{folder.name}")
    partial.mkdir(parents=True)
    for name in _COPIED:
        if (root / name).exists():
            shutil.copytree(root / name, partial / name)
    write_json(partial / "run.json", entry.to_json())
    partial.rename(folder)
    return folder


def waiting(root: Path) -> list[Path]:
    """Folders of runs that are still to be published, oldest first."""
    spool = root / SPOOL
    if not spool.is_dir():
        return []
    return sorted(path for path in spool.iterdir() if not path.name.startswith("."))


def read(folder: Path) -> RunEntry:
    """The run that `put_aside` kept."""
    return RunEntry.from_json(json.loads((folder / "run.json").read_text()))


def begin_anew_elsewhere(entry: RunEntry, store: str) -> RunEntry:
    """Forget the run ids of another store: they mean nothing in this one."""
    if entry.store != store:
        entry.store, entry.run_id = store, ""
        for stage in entry.stages:
            stage.run_id = ""
    return entry


def flat(document: dict[str, Any]) -> dict[str, str]:
    """``section.key`` to value, as MLflow's params want it."""
    return {
        f"{section}.{key}": str(value)
        for section, values in document.items()
        for key, value in values.items()
    }
