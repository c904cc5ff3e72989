"""What a killed run leaves of DVC's own files, and puts a stop to the next one.

Only what is broken or nobody's is touched.
"""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from flows.lockfile import SafeLoader
from ganatomy.files import write_json
from tasks.shared.provenance import LOCK

_READERS_AND_WRITERS = Path(".dvc/tmp/rwlock")
_CLOCK_S = 2.0  # the times of a file and of a process come from different clocks


def mend(root: Path) -> None:
    """Put right what DVC would ask for to be done by hand.

    A dvc.lock that cannot be read is set aside, not deleted: DVC's run cache then restores the
    finished stages. DVC's `lock` and `rwlock.lock` need nothing: the kernel frees them.
    """
    _mend_readers_and_writers(root / _READERS_AND_WRITERS)
    lock = root / LOCK
    if is_broken(lock):
        shutil.move(lock, lock.with_name(f"{LOCK}.broken-{time.strftime('%Y%m%dT%H%M%S')}"))


def is_broken(lock: Path) -> bool:
    """Whether there is a dvc.lock that DVC could not read: it is not written in one go."""
    try:
        text = lock.read_text(encoding="utf-8") if lock.exists() else None
        return text is not None and not _is_lock(yaml.load(text, SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError):
        return True


def _is_lock(document: Any) -> bool:
    stages = document.get("stages", {}) if isinstance(document, dict) else None
    if not isinstance(stages, dict):
        return False
    return all(
        isinstance(entry, dict)
        and "cmd" in entry
        and all(
            isinstance(files, list) and all(isinstance(f, dict) and "path" in f for f in files)
            for files in (entry.get(kind, []) for kind in ("deps", "outs"))
        )
        for entry in stages.values()
    )


def _mend_readers_and_writers(path: Path) -> None:
    """Forget who has ended. DVC asks for the process id alone, which by now may be another's."""
    try:
        noted_s = path.stat().st_mtime
        document = json.loads(path.read_text(encoding="utf-8"))
        living = {
            "write": {
                name: who
                for name, who in document.get("write", {}).items()
                if _is_at_work(who, noted_s)
            },
            "read": {
                name: left
                for name, whoever in document.get("read", {}).items()
                if (left := [who for who in whoever if _is_at_work(who, noted_s)])
            },
        }
    except FileNotFoundError:
        return
    except (ValueError, TypeError, AttributeError, LookupError):  # not JSON, or not of this shape
        path.unlink()
        return
    if living != {"write": {}, "read": {}} | document:
        write_json(path, living)


def _is_at_work(who: dict[str, Any], noted_s: float) -> bool:
    """Whether the process of an entry is the one that made it.

    Parameters
    ----------
    who : dict
        ``pid``, and ``cmd``: its arguments, the program first, with spaces between.
    noted_s : float
        When the file was last written; whoever was born later did not.
    """
    pid, last_word = int(who["pid"]), str(who["cmd"]).split()[-1:]
    if pid == os.getpid():
        return False  # nothing of this run has begun: an earlier one had its number
    try:
        process = psutil.Process(pid)
        words, born_s = " ".join(process.cmdline()).split(), process.create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True  # not ours to look into
    # the last alone: the first is not what the system has, and there may be blanks in it
    return words[-1:] == last_word and born_s <= noted_s + _CLOCK_S
