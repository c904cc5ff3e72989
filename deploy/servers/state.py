"""What `up` started: kept in a file, so that `down` finds it again."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from flows import settings

FOLDER = settings.STATE / "servers"
MARK = "GANATOMY_SERVERS"  # in the environment of all that `up` started, and of what they start


class BadInput(Exception):
    """What the user can mend."""


class Failed(Exception):
    """A server did not start, or ended."""


@dataclass(frozen=True)
class Started:
    """A process that is ours; its time of creation tells it from a later one of the same id."""

    name: str
    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """The process, if it is still there."""
        try:
            process = psutil.Process(self.pid)
            if process.create_time() != self.created or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        return process


@dataclass
class Up:
    """What was started, in the order of starting; kept in a file from the first process on."""

    prefect: str
    mlflow: str
    mark: str
    servers: list[Started] = field(default_factory=list)

    @staticmethod
    def read(root: Path) -> "Up | None":
        """What an earlier `up` wrote; None when nothing is up, or the file is of no use."""
        try:
            values = json.loads((root / FOLDER / "up.json").read_text())
            values["servers"] = [Started(**started) for started in values["servers"]]
            return Up(**values)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, root: Path) -> None:
        """Whole or not at all: `down` must be able to rely on it."""
        path = root / FOLDER / "up.json"
        partial = path.with_name("up.json.partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        os.replace(partial, path)

    def alive(self) -> list[str]:
        """Names of the servers that still run."""
        return [server.name for server in self.servers if server.process() is not None]

    def family(self, name: str) -> list[psutil.Process]:
        """A server and all that it started, also when it is itself gone.

        Who carries this start's mark is ours: no process id can be mistaken for another's.
        """
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):  # it ended, or it is another user's
                if process.environ().get(MARK) == f"{self.mark}:{name}":
                    found.append(process)
        known = next((server.process() for server in self.servers if server.name == name), None)
        if known is not None and known not in found:
            found.append(known)  # its environment cannot be read everywhere
        return found


def say(name: str, text: str) -> None:
    """One line of progress."""
    print(f"{name:<12}{text}", flush=True)


def log_path(root: Path, name: str) -> Path:
    """Where a server's output goes."""
    return root / FOLDER / f"{name}.log"


def tail(root: Path, name: str, num_lines: int = 12) -> str:
    """The end of a server's output, indented."""
    lines = log_path(root, name).read_text(errors="replace").splitlines()[-num_lines:]
    return "\n".join(f"  {line}" for line in lines)
