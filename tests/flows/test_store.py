"""The project's own store: damaged, half made, deleted from, locked, of another version, moved."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import mlflow
import pytest
from mlflow import MlflowClient

from flows import publish, spool, store
from flows.record import Record
from flows.status import LastRun
from tests.flows import recorded
from tests.flows.recorded import client_of, project, results, rows, run_entry, runs_of


@pytest.fixture
def root(tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with results and an empty store of its own."""
    root = results(project(tmp_path / "first one"))
    recorded.empty_store(made_store, root)
    _go_to(root, monkeypatch)
    return root


def _go_to(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    mlflow.set_tracking_uri(None)


def _run(root: Path, name: str = "20260101T000000") -> LastRun:
    with Record(root, name, ["prepare"]) as record:
        record.stage_started("prepare")
        record.stage_ended("prepare", "ran", 1.0)
        record.finish()
    last = LastRun.read(root)
    assert last is not None
    return last


def _no_database(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def _torn(path: Path) -> None:
    """Pages in the middle are overwritten, as by a disk that fails."""
    content = bytearray(path.read_bytes())
    content[8192 : len(content) // 2] = os.urandom(len(content) // 2 - 8192)
    path.write_bytes(content)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def _half_made(path: Path) -> None:
    """As a kill leaves it while MLflow makes it: an early form, no run."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
        database.execute("DROP TABLE webhooks")


@pytest.mark.parametrize("damage", [_no_database, _torn, _cut_short, _half_made])
def test_a_store_of_no_use_is_set_aside_and_a_new_one_begun(
    root: Path, damage: Callable[[Path], None]
) -> None:
    path = root / "mlflow.db"
    damage(path)
    before = path.read_bytes()
    last = _run(root)
    assert last.recorded
    (parent,), _ = runs_of(client_of(root))
    assert parent.info.status == "FINISHED"
    (aside,) = root.glob("mlflow.db.broken-*")
    assert aside.read_bytes() == before
    (notice,) = last.notices
    assert aside.name in notice
    assert spool.waiting(root) == []
    assert _run(root, "20260102T000000").notices == []


def test_a_store_that_is_in_use_is_not_set_aside(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_LOCK_WAIT_S", 0.1)
    with closing(sqlite3.connect(root / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        last = _run(root)
    assert not last.recorded
    assert "locked" in last.why
    assert "Another program" in last.remedy
    assert not list(root.glob("mlflow.db.broken-*"))
    assert len(spool.waiting(root)) == 1
    assert _run(root, "20260102T000000").recorded
    assert len(runs_of(client_of(root))[0]) == 2
    assert spool.waiting(root) == []


@pytest.mark.parametrize(
    ("version", "word"), [("451aebb31d03", "older MLflow"), ("ffffffffffff", "newer MLflow")]
)
def test_a_store_of_another_version_keeps_its_runs(root: Path, version: str, word: str) -> None:
    _run(root)
    with closing(sqlite3.connect(root / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    before = (root / "mlflow.db").read_bytes()
    shutil.move(root, root.with_name("elsewhere"))  # a path that this process has not opened yet
    shutil.copytree(root.with_name("elsewhere"), root.with_name("again"))
    path = root.with_name("again") / "mlflow.db"
    with pytest.raises(mlflow.exceptions.MlflowException) as caught:
        MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    assert word in store.remedy(path.parent, caught.value)
    assert path.read_bytes() == before


def test_a_store_elsewhere_is_never_touched(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs.db"
    _no_database(theirs)
    before = theirs.read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{theirs}")
    last = _run(root)
    assert not last.recorded
    assert theirs.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "broken" in path.name] == []
    (line,) = last.lines()
    assert line.startswith("not recorded: ")
    assert "file is not a database" in line
    assert "the next run publishes it" in line


def test_a_deleted_experiment_is_restored(root: Path) -> None:
    _run(root)
    client = client_of(root)
    client.delete_experiment(client.get_experiment_by_name("ganatomy").experiment_id)
    last = _run(root, "20260102T000000")
    assert last.recorded
    assert "restored" in last.notices[0]
    parents, _ = runs_of(client)
    assert [run.info.status for run in parents] == ["FINISHED", "FINISHED"]


def test_an_experiment_that_is_deleted_during_the_run_is_recorded_by_the_next(root: Path) -> None:
    client = client_of(root)
    with Record(root, "20260101T000000", ["prepare"]) as record:
        client.delete_experiment(client.get_experiment_by_name("ganatomy").experiment_id)
        record.finish()
    last = LastRun.read(root)
    assert last is not None
    assert not last.recorded
    assert _run(root, "20260102T000000").recorded
    assert len(runs_of(client)[0]) == 2


def test_the_spool_is_bounded_and_what_is_dropped_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'params.yaml'}")
    monkeypatch.setattr(spool, "MAX_RUNS", 2)
    for index in range(3):
        last = _run(root, f"2026010{index}T000000")
    assert not last.recorded
    assert [path.name[:8] for path in spool.waiting(root)] == ["20260101", "20260102"]
    assert any("20260100" in notice and "dropped" in notice for notice in last.notices)


def _snapshot(root: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in root.rglob("*"):
        state = path.stat()
        found[str(path)] = (state.st_mtime_ns, state.st_size)
    return found


@pytest.mark.parametrize("name", ["copy", "an other one", "größer#1"])
def test_a_record_moves_with_its_project(
    root: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, experiment, _ = publish.connect()
    entry = run_entry()
    monkeypatch.setattr(mlflow.pyfunc, "save_model", _save_model)
    publish.publish(client, experiment, entry, root)
    before = _snapshot(root)

    copy = shutil.copytree(root, root.with_name(name))
    _go_to(copy, monkeypatch)
    assert store.prepare(copy) == []
    client, experiment, _ = publish.connect()
    second = run_entry("20260102T000000")
    recorded.verdict(copy, "yes")
    publish.publish(client, experiment, second, copy)

    assert _snapshot(root) == before
    for run_id in (entry.run_id, second.run_id):
        uri = client.get_run(run_id).info.artifact_uri
        page = Path(mlflow.artifacts.download_artifacts(f"{uri}/report.html"))
        assert page.is_relative_to(copy)
        assert page.read_text() == "<html></html>\n"
    loaded = Path(mlflow.artifacts.download_artifacts("models:/ganatomy-generator@challenger"))
    assert (loaded / "MLmodel").exists()
    for (content,) in _everything(copy):
        assert str(root) + "/" not in content
        assert quote(str(root)) + "/" not in content


def _save_model(path: str, **_: object) -> None:
    Path(path).mkdir()
    (Path(path) / "MLmodel").write_text("flavors: {}\n")


def _everything(root: Path) -> list[tuple[str]]:
    found: list[tuple[str]] = []
    for (table,) in rows(root, "select name from sqlite_master where type = 'table'"):
        for row in rows(root, f"select * from {table}"):
            found += [(value,) for value in row if isinstance(value, str)]
    return found


def test_artifacts_that_the_user_keeps_elsewhere_stay_there(root: Path, tmp_path: Path) -> None:
    client = client_of(root)
    theirs = str(tmp_path / "shared" / "artifacts")
    experiment = client.create_experiment("ganatomy", artifact_location=theirs)
    bucket = client.create_experiment("other", artifact_location="s3://bucket/mlruns/7")
    store.prepare(root)
    assert client.get_experiment(experiment).artifact_location == theirs
    assert client.get_experiment(bucket).artifact_location == "s3://bucket/mlruns/7"


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        ("sqlite:///mlflow.db", True),
        ("sqlite:///{root}/mlflow.db", True),
        ("sqlite:///other.db", False),
        ("sqlite:////srv/mlflow.db", False),
        ("http://127.0.0.1:5000", False),
        ("postgresql://host/mlflow.db", False),
    ],
)
def test_which_store_is_ours(tmp_path: Path, uri: str, ours: bool) -> None:
    found = store.own(tmp_path, uri.format(root=tmp_path))
    assert found == (tmp_path / "mlflow.db" if ours else None)
