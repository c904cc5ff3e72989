"""What a running stage says, as it says it."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tasks.shared.events import events_path, log_path

Event = dict[str, Any]


def warning(text: str) -> Event:
    """An event as a stage's warning, but the run's own."""
    return {"kind": "warning", "text": text, "time": time.time()}


class Tail:
    """The new lines of a file that another process appends to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def lines(self) -> Iterator[str]:
        """Whole lines since the last call; nothing while the file does not exist."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            content = file.read()
        whole, newline, _ = content.rpartition(b"\n")
        self._position += len(whole) + len(newline)
        yield from whole.decode(errors="replace").splitlines()


class StageTail:
    """Events and log of one stage."""

    def __init__(self, run_dir: Path, stage: str) -> None:
        self._events = Tail(events_path(run_dir, stage))
        self._log = Tail(log_path(run_dir, stage))

    def events(self) -> list[Event]:
        """Events since the last call."""
        found = []
        for line in self._events.lines():
            with suppress(ValueError):  # a line that a full disk or a kill cut off says nothing
                found.append(json.loads(line))
        return found

    def log(self) -> list[str]:
        """Log lines since the last call."""
        return list(self._log.lines())
