"""What a project says of its runs."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows import spool, status
from flows.status import LastRun
from ganatomy.files import write_json
from tests.flows.recorded import results, run_entry


def _hold(root: Path, pid: int, since_s: float) -> None:
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since_s))
    write_json(root / ".ganatomy" / "run.lock", {"pid": pid, "since": since, "since_s": since_s})


def test_nothing_has_run(tmp_path: Path) -> None:
    assert status.lines(tmp_path) == [
        "run:     none at work",
        "last:    none yet",
        "waiting: nothing",
    ]


def test_a_run_is_at_work(tmp_path: Path) -> None:
    _hold(tmp_path, os.getpid(), time.time())
    LastRun("now", "RUNNING", "sqlite:///mlflow.db").write(tmp_path)
    first, *rest = status.lines(tmp_path)
    assert f"process {os.getpid()}" in first
    assert rest == ["waiting: nothing"]


@pytest.mark.parametrize(
    "lock", ["", "{", json.dumps({"pid": 2**22 + 1, "since": "2026-01-01 00:00:00"})]
)
def test_a_killed_run_is_not_at_work(tmp_path: Path, lock: str) -> None:
    LastRun("then", "RUNNING", "sqlite:///mlflow.db").write(tmp_path)
    (tmp_path / ".ganatomy" / "run.lock").write_text(lock)
    assert status.lines(tmp_path)[:2] == [
        "run:     none at work",
        "last:    then was killed; the next run records it so",
    ]


def test_the_number_of_a_process_may_be_another_s_by_now(tmp_path: Path) -> None:
    later = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        _hold(tmp_path, later.pid, time.time() - 3600)
        assert status.lines(tmp_path)[0] == "run:     none at work"
    finally:
        later.kill()
        later.communicate()


def test_what_waits_and_why(tmp_path: Path) -> None:
    results(tmp_path)
    for name in ("20260101T000000", "20260102T000000"):
        spool.complete(tmp_path, run_entry(name))
    LastRun("20260102T000000", "FINISHED", "http://host", False, "no answer", "Start it.").write(
        tmp_path
    )
    _, last, record, waiting = status.lines(tmp_path)
    assert last == "last:    20260102T000000 FINISHED"
    assert record.startswith("not recorded: no answer. Start it.")
    assert "2 to be recorded" in waiting
    assert "20260101T000000" in waiting


def test_a_record_that_was_made(tmp_path: Path) -> None:
    last = LastRun("1", "FINISHED", "sqlite:///mlflow.db", True, notices=["x was set aside"])
    assert last.lines() == ["record:  sqlite:///mlflow.db   (make ui)", "record:  x was set aside"]
    last.write(tmp_path)
    assert LastRun.read(tmp_path) == last
    (tmp_path / ".ganatomy" / "last.json").write_text('{"name": 1')
    assert LastRun.read(tmp_path) is None
