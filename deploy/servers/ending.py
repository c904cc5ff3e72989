"""Ending what `up` started: the run at work first, then the worker, then the servers."""

import contextlib
import time
from pathlib import Path

import psutil

from deploy.servers.state import FOLDER, Failed, Up, say

_SERVER_GRACE_S = 10.0
_RUN_GRACE_S = 30.0  # it ends its stages and completes its record first


def down(root: Path) -> int:
    """End what `up` started."""
    found = Up.read(root)
    if found is None:
        print("nothing is up")
        return 0
    end_all(root, found)
    print("down")
    return 0


def end_all(root: Path, found: Up) -> None:
    """The worker first: its run can then still tell both servers how it ended."""
    for server in reversed(found.servers):
        family = found.family(server.name)
        if server.name == "worker":
            family = _end_run(server.process(), family)
        if _end(server.name, family, _SERVER_GRACE_S):
            say(server.name, "ended")
    (root / FOLDER / "up.json").unlink(missing_ok=True)


def _end_run(worker: psutil.Process | None, family: list[psutil.Process]) -> list[psutil.Process]:
    """End the run that is at work; returns what is left of the family.

    A worker that is told to end kills its run, which then is RUNNING for ever in both servers. It
    is halted meanwhile, for it would start the next run in the place of this one.
    """
    run = [process for process in family if process != worker]
    if run:
        say("worker", "ending the run that is at work")
        if worker is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.suspend()
        _end("run", run, _RUN_GRACE_S)
    return [process for process in family if process not in run]


def _end(name: str, family: list[psutil.Process], grace_s: float) -> bool:
    """Ask the head of a family to end, kill who is left after a while; False if there is nobody."""
    ids = {process.pid for process in family}
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() not in ids:
                process.terminate()
                process.resume()  # a halted process hears it only then
    if _gone(family, grace_s):
        return bool(family)
    say(name, f"has not ended within {grace_s:.0f} s: killing it")
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    if not _gone(family, _SERVER_GRACE_S):
        raise Failed(f"{name} cannot be ended: processes {sorted(ids)}")
    return True


def _gone(family: list[psutil.Process], limit_s: float) -> bool:
    """Whether all end in time; one that only waits to be collected by its parent has ended."""
    deadline = time.monotonic() + limit_s
    while any(_lives(process) for process in family):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
