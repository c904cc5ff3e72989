"""Why a stage failed, in a sentence: its own words, else what is known of its end."""

import errno
import json
import re
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganatomy.files import cannot_write
from tasks.shared.events import events_path, log_path

_LOG_LINES_SHOWN = 12
_ROOM_FOR_LAST_WORDS = 1 << 16
_KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
_KILLED_WORDS = (
    "its process was killed (SIGKILL), most likely because the machine ran out of memory. "
    "Close other programs, or lower the stage's batch size, image size or counts in params.yaml"
)


class StageFailed(RuntimeError):
    """A stage's own error.

    Attributes
    ----------
    stage : str
    exit_code : int
        2 when the user can mend it, else what the process ended with.
    lasting : bool
        Trying again will not help.
    """

    def __init__(self, stage: str, reason: str, exit_code: int, lasting: bool = False) -> None:
        super().__init__(f"stage {stage}: {reason}")
        self.stage = stage
        self.exit_code = exit_code
        self.lasting = lasting or exit_code == 2


def failure(stage: str, error: Exception, run_dir: Path) -> StageFailed:
    """The stage's own words where it had any, else what is known of its end, else DVC's words."""
    for event in _events(run_dir, stage):
        if event["kind"] == "error":
            code, lasting = event["exit_code"], event.get("lasting", False)
            return StageFailed(stage, event["text"], code, lasting)
    full = OSError(errno.ENOSPC, "", str(run_dir))  # then the stage could not even say so
    is_full = shutil.disk_usage(run_dir).free < _ROOM_FOR_LAST_WORDS
    if words := cannot_write(full if is_full else error):
        return StageFailed(stage, words, 1, lasting=True)
    cause: BaseException | None = error
    while cause is not None and _exit_code(cause) is None:
        cause = cause.__cause__
    if cause is None:
        return StageFailed(stage, f"DVC: {error.__cause__ or error}", 1)
    if _exit_code(cause) in _KILLED:
        return StageFailed(stage, _KILLED_WORDS, 1)
    log = log_path(run_dir, stage)
    tail = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:] if log.exists() else []
    words = "\n  ".join([str(cause), *tail]) if tail else f"{cause}; nothing in its log"
    return StageFailed(stage, words, 1)


def _events(run_dir: Path, stage: str) -> list[dict[str, Any]]:
    path = events_path(run_dir, stage)
    # a line that a full disk or a kill cut off says nothing
    lines = path.read_bytes().decode(errors="replace").splitlines() if path.exists() else []
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found


def _exit_code(error: BaseException) -> int | None:
    """Of a stage's process, if that is what an error of DVC's is about: its words alone have it."""
    found = re.match(r"^failed to run: .* exited with (-?\d+)$", str(error), re.DOTALL)
    return int(found[1]) if found else None
