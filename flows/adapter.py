"""DVC's Python API, used in this file only."""

import json
import logging
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage.exceptions import StageCmdFailedError

from flows import processes
from ganatomy.errors import InputError
from tasks.events import events_path, log_path

Outcome = Literal["ran", "restored", "cached"]
_LOG_LINES_SHOWN = 12

for _name in ("dvc", "dvc_data", "dvc_objects"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # below it they draw bars of their own


@dataclass(frozen=True)
class Stage:
    """A stage of dvc.yaml.

    Attributes
    ----------
    name : str
        As DVC addresses it: ``train``, ``retrain@0``.
    upstream : tuple of str
    outs : tuple of str
        Paths that it writes.
    threads, timeout_s, retries : int
        From its ``meta``.
    """

    name: str
    upstream: tuple[str, ...]
    outs: tuple[str, ...]
    threads: int
    timeout_s: int
    retries: int


@dataclass(frozen=True)
class Staleness:
    """Whether a stage would run now, and why."""

    stage: str
    reasons: list[str] = field(default_factory=list)


class StageFailed(RuntimeError):
    """A stage's own error.

    Attributes
    ----------
    stage : str
    exit_code : int
        2 when the user can mend it, else what the process ended with.
    """

    def __init__(self, stage: str, reason: str, exit_code: int) -> None:
        super().__init__(f"stage {stage}: {reason}")
        self.stage = stage
        self.exit_code = exit_code


def _repo(root: Path) -> Repo:
    # waiting for DVC's lock is what keeps stages that end together from failing at random
    return Repo(str(root), _wait_for_lock=True)


def graph(root: Path) -> list[Stage]:
    """Every stage, each after what it needs.

    Raises
    ------
    InputError
        dvc.yaml, or what it takes from params.yaml, cannot be used.
    """
    mend(root)
    try:
        with _repo(root) as repo:
            edges = repo.index.graph
            upstream = {
                node.addressing: sorted({up.addressing for up in edges.successors(node)})
                for node in edges
            }
            stages = {
                node.addressing: Stage(
                    node.addressing,
                    tuple(upstream[node.addressing]),
                    tuple(sorted(out.def_path for out in node.outs)),
                    **_meta(node),
                )
                for node in edges
            }
    except DvcException as error:
        raise InputError(str(error), "dvc.yaml", "Mend the file, or `git checkout` it.") from None
    done: dict[str, Stage] = {}
    order = list(stages)  # dvc.yaml's own order within what dependencies allow
    while order:
        name = next(name for name in order if all(up in done for up in upstream[name]))
        done[name] = stages[name]
        order.remove(name)
    return list(done.values())


def _meta(node: Any) -> dict[str, int]:
    given = node.meta or {}
    known = {"threads": 1, "timeout_s": 3600, "retries": 0}
    return {name: int(given.get(name, default)) for name, default in known.items()}


def run_stage(root: Path, stage: Stage, run_dir: Path) -> Outcome:
    """Bring one stage up to date; what it needs must be so already.

    Returns
    -------
    str
        ``cached`` nothing to do, ``restored`` from DVC's run cache, ``ran`` computed now.

    Raises
    ------
    StageFailed
        It failed, or ran longer than its ``timeout_s``, which ends it.
    KeyboardInterrupt
        The run is being stopped.
    """
    if processes.stopping.is_set():
        raise KeyboardInterrupt
    log = log_path(run_dir, stage.name)
    for old in (log, events_path(run_dir, stage.name)):
        old.unlink(missing_ok=True)
    late = threading.Event()

    def time_is_up() -> None:
        late.set()
        processes.end(processes.stage_processes(stage.name))

    timer = threading.Timer(stage.timeout_s, time_is_up)
    timer.daemon = True
    timer.start()
    try:
        with _repo(root) as repo:
            changed = repo.reproduce(stage.name, single_item=True)
    except DvcException as error:
        if processes.stopping.is_set():
            raise KeyboardInterrupt from None
        if late.is_set():
            raise StageFailed(
                stage.name, f"ended after timeout_s={stage.timeout_s} in dvc.yaml", 1
            ) from None
        raise _failure(stage.name, error, run_dir) from None
    finally:
        timer.cancel()
    if not changed:
        return "cached"
    return "ran" if log.exists() else "restored"


def _failure(stage: str, error: DvcException, run_dir: Path) -> StageFailed:
    """The stage's own words where it had any, else the end of its log, else DVC's."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, StageCmdFailedError):
        cause = cause.__cause__
    path = events_path(run_dir, stage)
    if path.exists():
        for line in path.read_text().splitlines():
            event = json.loads(line)
            if event["kind"] == "error":
                return StageFailed(stage, event["text"], event["exit_code"])
    if cause is None:
        return StageFailed(stage, f"DVC: {error.__cause__ or error}", 1)
    log = log_path(run_dir, stage)
    tail = log.read_text().splitlines()[-_LOG_LINES_SHOWN:] if log.exists() else []
    words = "\n  ".join([str(cause), *tail]) if tail else f"{cause}; nothing in its log"
    return StageFailed(stage, words, 1)


def stale(root: Path, stages: list[Stage]) -> list[Staleness]:
    """What would run now and why, in order; a stage behind a stale one is stale too."""
    mend(root)
    with _repo(root) as repo:
        status = repo.status()
    found: list[Staleness] = []
    would_run: set[str] = set()
    known = digests(root)
    for stage in stages:
        reasons = (
            _reasons(status.get(stage.name, [])) if stage.name in known else ["has not run yet"]
        )
        reasons += [f"after {name}" for name in stage.upstream if name in would_run]
        if reasons:
            would_run.add(stage.name)
        found.append(Staleness(stage.name, reasons))
    return found


def _reasons(entries: list[Any]) -> list[str]:
    reasons = []
    for entry in entries:
        if isinstance(entry, str):
            reasons.append(entry)
            continue
        for kind, changes in entry.items():
            for path, change in changes.items():
                if isinstance(change, dict):
                    reasons += [f"{word} {key}" for key, word in change.items()]
                else:
                    where = "output " if kind == "changed outs" else ""
                    reasons.append(f"{change} {where}{path}")
    return reasons


def digests(root: Path) -> dict[str, dict[str, str]]:
    """MD5 of every output by stage and path, as dvc.lock has them."""
    path = root / "dvc.lock"
    if not path.exists():
        return {}
    stages = (yaml.safe_load(path.read_text()) or {}).get("stages", {})
    return {
        name: {out["path"]: out.get("md5", "") for out in entry.get("outs", [])}
        for name, entry in stages.items()
    }


def mend(root: Path) -> None:
    """Put right what a killed run may leave: DVC itself would ask for it to be done by hand.

    Only a broken file is touched. A dvc.lock that cannot be read is set aside, not deleted: DVC's
    run cache then restores the finished stages.
    """
    readers_and_writers = root / ".dvc" / "tmp" / "rwlock"
    if readers_and_writers.exists():
        try:
            json.loads(readers_and_writers.read_text())
        except ValueError:
            readers_and_writers.unlink()
    lock = root / "dvc.lock"
    if lock.exists():
        try:
            whole = isinstance(yaml.safe_load(lock.read_text()), dict)
        except yaml.YAMLError:
            whole = False
        if not whole:
            shutil.move(lock, lock.with_name(f"dvc.lock.broken-{time.strftime('%Y%m%dT%H%M%S')}"))
