"""A stage dies with the process that started it, from its first moment on.

No torch here: importing it takes seconds, in which DVC may be killed. A stage that outlives a
killed run would write its outputs beside, or over, those of the next one.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress

PARENT = "GANATOMY_PARENT"  # process id of whoever starts a stage; dvc.yaml hands it over
_ORPHANED = 1
_PR_SET_PDEATHSIG = 1
_WATCH_INTERVAL_S = 0.5

_held_by: int | None = None


def hold() -> None:
    """End this process when the one that started it is gone, however and whenever it went.

    May be called again. What this process starts is told that its own parent is this one.
    """
    global _held_by
    if _held_by == os.getpid():
        return
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    # Only now: who went before the kernel was asked has gone unnoticed by it.
    if os.getppid() != parent or _is_orphan(parent):
        os._exit(_ORPHANED)
    _held_by = os.getpid()
    os.environ[PARENT] = str(_held_by)


def _is_orphan(parent: int) -> bool:
    """Say whether `parent` has adopted this process and did not start it."""
    told = os.environ.get(PARENT, "")
    if told.isdigit() and int(told) != parent:
        return True
    # Whoever has not begun a session shares his parent's. An adopter (init, a user's service
    # manager) has one of his own. 0: the parent is outside of this container.
    if parent == 0 or os.getsid(0) == os.getpid():
        return False
    with suppress(OSError):
        return os.getsid(parent) != os.getsid(0)
    return False


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_INTERVAL_S)
    os._exit(_ORPHANED)
