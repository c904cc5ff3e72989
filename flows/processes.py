"""The processes that stages run in: found, ended, and never left behind."""

import concurrent.futures
import contextvars
import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import psutil

from flows.settings import STATE
from ganatomy.errors import InputError

Result = TypeVar("Result")
_POLL_S = 0.2
_GRACE_S = 15.0  # a training writes a checkpoint of its last step

stopping = threading.Event()
_held: set[Path] = set()


def stage_processes(stage: str | None = None) -> list[psutil.Process]:
    """The living processes below this one that DVC started for a stage, or for any."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            name = process.environ().get("DVC_STAGE")
        except psutil.Error:  # it ended, or it is not ours to look into
            continue
        if name is not None and stage in (None, name):
            found.append(process)
    return found


def end(processes: list[psutil.Process]) -> None:
    """Ask processes to end, and kill what has not after a few seconds."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=_GRACE_S)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=_GRACE_S)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Call and wait: while DVC runs a command in the main thread, Ctrl-C is not heard."""
    context = contextvars.copy_context()
    with concurrent.futures.ThreadPoolExecutor(1) as worker:
        future = worker.submit(context.run, work, *arguments)
        while not future.done():
            concurrent.futures.wait([future], timeout=_POLL_S)
    return future.result()


@contextmanager
def stages_end_with_us() -> Iterator[None]:
    """On SIGINT and SIGTERM end every stage, then do what would have been done without us.

    kill -9 cannot be caught: a stage watches its parent itself (`tasks.shared.parent`).
    """
    stopping.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        first = not stopping.is_set()
        stopping.set()
        end(stage_processes())
        handler = previous[signal.Signals(number)]
        if callable(handler) and number != signal.SIGINT:
            handler(number, frame)
        elif first:
            raise KeyboardInterrupt

    try:
        for number in previous:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def only_run(root: Path) -> Iterator[None]:
    """Hold the project for one pipeline run; the lock goes when the process goes.

    Within the block this process may ask for it again: the command line takes it before it changes
    params.yaml, the flow takes it where there was no command line.

    Raises
    ------
    InputError
        Another run has it.
    """
    path = root / STATE / "run.lock"
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InputError(
                f"another run is at work here ({file.read().strip() or 'just started'})",
                str(path),
                "Wait for it, or end it.",
            ) from None
        file.truncate(0)
        file.write(
            json.dumps(
                {"pid": os.getpid(), "since": time.strftime("%F %T"), "since_s": time.time()}
            )
        )
        file.flush()
        _held.add(path)
        try:
            yield
        finally:
            _held.remove(path)
            file.truncate(0)
