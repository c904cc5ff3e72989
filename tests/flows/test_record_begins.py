"""A run is known before its first stage starts, wherever the store is, and stays so when killed."""

import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from flows import spool
from flows.record import Record
from flows.status import LastRun
from tests.flows import recorded
from tests.flows.recorded import client_of, project, results, runs_of
from tests.harness import ROOT, environment

_KILLED = """
import os, signal, sys
from pathlib import Path
from flows.record import Record
with Record(Path.cwd(), "20260101T000000", ["prepare", "train", "retrain@0"]) as record:
    record.stage_started("prepare")
    record.stage_ended("prepare", "ran", 1.0)
    record.stage_started("train")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def root(tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with results and an empty store of its own."""
    root = results(project(tmp_path / "project"))
    recorded.empty_store(made_store, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    mlflow.set_tracking_uri(None)
    return root


def _killed_run(root: Path, uri: str) -> None:
    variables = {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": uri}
    variables |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    done = subprocess.run(
        [sys.executable, "-c", _KILLED], cwd=root, env=environment() | variables, timeout=120
    )
    assert done.returncode == -signal.SIGKILL


def _next_run(root: Path, name: str = "20260102T000000") -> None:
    with Record(root, name, ["prepare"]) as record:
        record.stage_started("prepare")
        record.stage_ended("prepare", "ran", 1.0)
        record.finish()


def test_mlflow_has_it_before_the_first_stage(root: Path) -> None:
    with Record(root, "20260101T000000", ["prepare"]):
        (parent,), nested = runs_of(client_of(root))
        assert parent.info.status == "RUNNING"
        assert nested == []


@pytest.mark.parametrize("uri", ["sqlite:///mlflow.db", "http://127.0.0.1:9"])
def test_a_killed_run_is_recorded_once(root: Path, uri: str) -> None:
    _killed_run(root, uri)
    for name in ("20260102T000000", "20260103T000000"):
        _next_run(root, name)
    parents, nested = runs_of(client_of(root))
    found = {run.info.run_name: run.info.status for run in parents}
    assert len(parents) == 3
    assert found.pop("20260101T000000") == "KILLED"
    assert set(found.values()) == {"FINISHED"}
    killed = next(run for run in parents if run.info.status == "KILLED")
    stages = {
        run.data.tags["ganatomy.stage"]: run.info.status
        for run in nested
        if run.data.tags["mlflow.parentRunId"] == killed.info.run_id
    }
    assert stages == {"prepare": "FINISHED", "train": "KILLED"}  # the third never began
    assert spool.waiting(root) == []


def test_the_run_of_which_this_folder_is_a_copy_goes_on(root: Path) -> None:
    """Its entry came along: the process that it names is alive."""
    record = Record(root, "20260101T000000", ["prepare"])
    with record:
        (folder,) = spool.waiting(root)
        _next_run(root)
        assert spool.waiting(root) == [folder]
        record.finish()
    parents, _ = runs_of(client_of(root))
    assert {run.info.status for run in parents} == {"FINISHED"}


def test_one_killed_while_it_was_published_is_published_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record(root, "20260101T000000", ["prepare"])
    monkeypatch.setattr(record, "_publish", lambda: None)  # as if cut off before its first call
    with record:
        record.stage_started("prepare")
        record.stage_ended("prepare", "ran", 1.0)
        record.finish()
    (folder,) = spool.waiting(root)
    entry = spool.read(folder)
    assert entry.status == "FINISHED"
    (root / "reports" / "report.html").write_text("another run's")
    _next_run(root)
    parents, _ = runs_of(client_of(root))
    assert [run.info.status for run in parents] == ["FINISHED", "FINISHED"]
    page = client_of(root).download_artifacts(parents[0].info.run_id, "report.html")
    assert Path(page).read_text() == "<html></html>\n"


def test_a_full_disk_neither_ends_the_run_nor_keeps_it_from_mlflow(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError("no space left on device")

    monkeypatch.setattr(spool, "note", full)
    monkeypatch.setattr(spool, "complete", full)
    _next_run(root)
    (parent,), _ = runs_of(client_of(root))
    assert parent.info.status == "FINISHED"
    last = LastRun.read(root)
    assert last is not None
    assert last.recorded
