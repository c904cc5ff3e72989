"""The shell around every stage: its process, its log, its exit code."""

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from ganatomy.errors import InputError
from tasks.events import RUN_DIR, Events, from_environment, log_path

BAD_INPUT = 2
FAILED = 1
_PR_SET_PDEATHSIG = 1
_WATCH_INTERVAL_S = 0.5


def run(main: Callable[[Events], None], default_name: str) -> NoReturn:
    """Run a stage and end the process: 0 done, 2 bad input, 1 anything else.

    Parameters
    ----------
    main : callable
        The stage; it is given its voice.
    default_name : str
        The stage's name when DVC does not say which instance this is.
    """
    _die_with_parent()
    name = os.environ.get("DVC_STAGE", default_name)
    _redirect_output(name)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    events = from_environment(name)
    try:
        main(events)
    except InputError as error:
        events.error(str(error), BAD_INPUT)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        traceback.print_exc()
        events.error(f"{type(error).__name__}: {error}", FAILED)
        sys.exit(FAILED)
    sys.exit(0)


class _Stop:
    """Whether the process was asked to end, and by which signal."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None

    def take(self, number: int, _frame: object) -> None:
        """Remember the signal; a second one ends the process at once."""
        if self.signal is not None:
            sys.exit(128 + number)
        self.signal = number

    @property
    def exit_code(self) -> int:
        """As a shell would say it."""
        return 128 + (self.signal or 0)


@contextmanager
def interruptible() -> Iterator[_Stop]:
    """Within the block SIGTERM and Ctrl-C only set what is given, so that work can be put away."""
    stop = _Stop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for number in before:
            signal.signal(number, stop.take)
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _die_with_parent() -> None:
    """End this process when the one that started it is gone, however it went.

    A stage that outlives a killed DVC would write its outputs beside the next run's.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it went before the kernel was told
            os._exit(FAILED)
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_INTERVAL_S)
        os._exit(FAILED)

    threading.Thread(target=watch, daemon=True).start()


def _redirect_output(name: str) -> None:
    """Send what the stage prints to its log, when there is a listener to keep one."""
    folder = os.environ.get(RUN_DIR)
    if not folder:
        return
    path = log_path(Path(folder), name)
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
