"""What a running stage says: JSON lines in a file, or a bar in the terminal when nobody listens.

`GANATOMY_RUN_DIR` names the folder of the listener; the file in it is named after the stage. The
format is all that a stage and its listener share.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

RUN_DIR = "GANATOMY_RUN_DIR"
MIN_PROGRESS_INTERVAL_S = 0.25


def events_path(run_dir: Path, stage: str) -> Path:
    """Return where a stage's events go."""
    return run_dir / f"{stage}.events.jsonl"


def log_path(run_dir: Path, stage: str) -> Path:
    """Return where a stage's standard output and standard error go."""
    return run_dir / f"{stage}.log"


class Events:
    """Writer of one running stage's events."""

    def __init__(self, stage: str, run_dir: Path | None) -> None:
        self.stage = stage
        self._file = None
        self._last_progress_s = 0.0
        self._first: tuple[float, int] | None = None
        if run_dir is not None:
            run_dir.mkdir(parents=True, exist_ok=True)
            self._file = events_path(run_dir, stage).open("a", buffering=1)

    def progress(self, done: int, total: int, unit: str) -> None:
        """Report work done so far. Cheap to call often: repeats within a moment are dropped."""
        now = time.monotonic()
        if done < total and now - self._last_progress_s < MIN_PROGRESS_INTERVAL_S:
            return
        self._last_progress_s = now
        self._first = self._first or (now, done)
        if not self._emit("progress", done=done, total=total, unit=unit) and sys.stderr.isatty():
            end = "\n" if done >= total else ""
            bar = "#" * round(24 * done / total)
            pace = _pace(now - self._first[0], done - self._first[1], total - done)
            line = f"{self.stage:<12} [{bar:<24}] {done:,}/{total:,} {unit}{pace}"
            sys.stderr.write(f"\r{line:<79}{end}")
            sys.stderr.flush()

    def metric(self, name: str, step: int, value: float) -> None:
        """Report one point of a curve, e.g. ``train/d_loss``."""
        self._emit("metric", name=name, step=step, value=value)

    def image(self, key: str, step: int, path: Path) -> None:
        """Report an image that can be looked at now; the file stays while the stage runs."""
        self._emit("image", key=key, step=step, path=str(path))

    def row(self, table: str, values: dict[str, Any]) -> None:
        """Report a row of a table that grows while the stage runs."""
        self._emit("row", table=table, values=values)

    def note(self, text: str) -> None:
        """Report a plain fact that the reader may want to check: what was taken for what."""
        if not self._emit("note", text=text):
            print(f"{self.stage}: {text}", file=sys.stderr)

    def warning(self, text: str) -> None:
        """Report what the reader should know and what does not stop the stage."""
        if not self._emit("warning", text=text):
            print(f"{self.stage}: warning: {text}", file=sys.stderr)

    def error(self, text: str, exit_code: int, lasting: bool = False) -> None:
        """Report why the stage ends here; `lasting`: trying again will not help."""
        if not self._emit("error", text=text, exit_code=exit_code, lasting=lasting):
            print(f"{self.stage}: error: {text}", file=sys.stderr)

    def _emit(self, kind: str, **values: Any) -> bool:
        """Append one line; False when nobody listens."""
        if self._file is None:
            return False
        self._file.write(json.dumps({"time": time.time(), "kind": kind, **values}) + "\n")
        return True


def _pace(passed_s: float, done: int, left: int) -> str:
    """Units a second and time left, as soon as they can be told."""
    if passed_s < 1 or done < 1:
        return ""
    minutes, seconds = divmod(round(passed_s / done * left), 60)
    return f", {done / passed_s:,.0f}/s, {minutes}:{seconds:02d} left"


def from_environment(stage: str) -> Events:
    """Return the writer that the environment asks for."""
    folder = os.environ.get(RUN_DIR)
    return Events(stage, Path(folder) if folder else None)
