"""The shell around every stage: its lock, its signals, its exit code."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from ganatomy.errors import InputError
from tasks.params.section import read_once
from tasks.shared import code, contents, kept_code, start
from tasks.shared.events import Events, from_environment

FOLLOWER = "GANATOMY_FOLLOWER"  # set in the processes of a training but its first
LOCKS = Path(".ganatomy/locks")
_WAIT_FOR_LOCK_S = 10.0  # who is being ended needs a moment
_LOCK_INTERVAL_S = 0.1


def run(main: Callable[[Events], None], default_name: str) -> NoReturn:
    """Run a stage and end the process: 0 done, 2 bad input, 1 anything else.

    Parameters
    ----------
    main : callable
        The stage; it is given its voice.
    default_name : str
        The stage's name when DVC does not say which instance this is.
    """
    name = start.begin("@".join([default_name, *sys.argv[1:]]))
    start.hear_ctrl_c()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    events = from_environment(name)
    try:
        with _alone(name), read_once():
            contents.check_inputs(name)
            code.check(default_name)
            kept_code.import_kept_code()
            main(events)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        sys.exit(start.tell(events, error))
    sys.exit(0)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold the stage's outputs; the lock goes when the process goes.

    DVC's own locks do not know of a stage that was started by hand, nor of one that lives on.

    Raises
    ------
    InputError
        Another process has them, and kept them while this one waited.
    """
    if FOLLOWER in os.environ:  # the first process of the training has the lock
        yield
        return
    path = LOCKS / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _WAIT_FOR_LOCK_S
    with path.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.seek(0)
                    raise InputError(
                        f"process {file.read().strip() or '?'} is at work on stage {name}",
                        str(path),
                        "Wait for it, or end it.",
                    ) from None
            time.sleep(_LOCK_INTERVAL_S)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class _Stop:
    """Flag that the process was asked to end, and by which signal."""

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
        """The exit code, as of a shell."""
        return 128 + (self.signal or 0)


@contextmanager
def interruptible(*broken_off: type[Exception]) -> Iterator[_Stop]:
    """Turn SIGTERM and Ctrl-C into a flag within the block, so that work can be put away.

    Parameters
    ----------
    broken_off : types of Exception
        What work raises that has been put away: the process then ends as by the signal.
    """
    stop = _Stop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for number in before:
            signal.signal(number, stop.take)
        yield stop
    except broken_off:
        raise SystemExit(stop.exit_code) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
