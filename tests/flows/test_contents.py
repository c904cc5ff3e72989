"""Bytes that rot, in an output, in DVC's cache, between two stages: found, named, put right."""

import errno
import hashlib
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from flows import contents, lockfile
from flows.contents import Output
from tasks.shared import contents as stored
from tests.harness import dvc, flows, outcomes, python

CACHE = Path(".dvc/cache/files/md5")
BEGIN = """
import os
from pathlib import Path
from flows import settings
root = Path.cwd()
settings.prepare(root)
from flows import adapter, settling
run_dir = root / ".ganatomy" / "runs" / "99991231T235959"
run_dir.mkdir()
os.environ["GANATOMY_RUN_DIR"] = str(run_dir)
stages = {stage.name: stage for stage in adapter.graph(root)}
tell = lambda name, text: print(f"{name}: {text}")
"""
SETTLE = BEGIN + "settling.settle(root, list(stages.values()), run_dir, tell)\n"
FETCH = BEGIN + "print(adapter.run_stage(root, stages['fetch'], run_dir))\n"


def _flip(path: Path, old: bytes = b"", new: bytes = b"") -> None:
    """Change one bit, or one word for another as long; size, times and mode stay as they were."""
    found = path.stat()
    before = path.read_bytes()
    middle = len(before) // 2
    after = bytearray(before)
    if old:
        assert len(old) == len(new)
        assert old in before
        after = bytearray(before.replace(old, new, 1))
    else:
        after[middle] ^= 1
    path.chmod(0o644)
    with path.open("r+b") as file:  # the same file, not another in its place
        file.write(after)
    path.chmod(stat.S_IMODE(found.st_mode))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)


def _lock(project: Path) -> dict[str, str]:
    entries = yaml.safe_load((project / "dvc.lock").read_text())["stages"].values()
    return {out["path"]: out["md5"] for entry in entries for out in entry["outs"]}


def _object(project: Path, md5: str) -> Path:
    return project / CACHE / md5[:2] / md5[2:]


def _object_of(project: Path, output: str, name: str = "") -> Path:
    """The cache object of an output's file, or of the list of its files."""
    md5 = _lock(project)[output]
    if name:
        rows = json.loads(_object(project, md5).read_text())
        md5 = next(row["md5"] for row in rows if row["relpath"] == name)
    return _object(project, md5)


def _bytes(project: Path, output: str) -> dict[str, bytes]:
    """All but the page so far: only a run on a slow machine has one."""
    paths = [path for path in (project / output).rglob("*") if path.is_file()]
    names = {str(path.relative_to(project)): path for path in paths}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if not name.startswith("reports/unfinished/")
    }


def _largest(project: Path, output: str) -> Path:
    paths = [path for path in (project / output).rglob("*") if path.is_file()]
    return max(paths, key=lambda path: path.stat().st_size)


def _kept_aside(project: Path) -> set[str]:
    root = project / contents.QUARANTINE
    return {
        str(path.relative_to(root).relative_to(path.relative_to(root).parts[0]))
        for path in root.rglob("*")
        if path.is_file()
    }


def _script(project: Path, script: str) -> subprocess.CompletedProcess[str]:
    done = python(project, "-c", script)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def project(smoke: Path, second_run: dict[str, str], tmp_path: Path) -> Path:
    """A copy of the project after its runs; its cache and outputs may be damaged."""
    return shutil.copytree(smoke, tmp_path / "project", symlinks=True)


def test_digests_are_those_of_dvc(smoke: Path) -> None:
    locked = _lock(smoke)
    assert sum(md5.endswith(".dir") for md5 in locked.values()) >= 20
    found = {path: contents.contents.digest(_read(smoke, path)) for path in locked}
    assert found == locked


def _read(project: Path, path: str) -> dict[str, contents.Content]:
    return contents.contents.read_output(project, path)


def test_a_run_is_finished_only_with_the_bytes_that_its_stages_wrote(
    project: Path, smoke: Path
) -> None:
    dvc(project, "status")  # DVC knows the copied files and their times now
    damaged_output = _largest(project, "data/prepared")
    damaged_page = project / "reports" / "report.html"
    weights = _largest(project, "models/evaluator").relative_to(project / "models" / "evaluator")
    damaged_object = _object_of(project, "models/evaluator", str(weights))
    damaged_list = _object_of(project, "reports/fetch")
    for path in (damaged_output, damaged_page, damaged_object):
        _flip(path)
    _flip(damaged_list, b"metrics.json", b"metrics.jsom")
    for removed in ("models/evaluator", "reports/fetch"):
        shutil.rmtree(project / removed)

    done = flows(project, "run")
    assert done.returncode == 0, done.stderr
    for output in ("data/prepared", "reports", "models/evaluator", "data/raw"):
        assert _bytes(project, output) == _bytes(smoke, output)
    found = outcomes(done)
    assert found["evaluator"] == found["fetch"] == "done"  # there was nothing to restore from
    assert {found["train"], found["prepare"], found["report"]} == {"unchanged"}
    for path in (damaged_output, damaged_page, damaged_object, damaged_list):
        name = str(path.relative_to(project))
        assert name in done.stderr
        assert name in _kept_aside(project)

    newest = sorted((project / ".ganatomy" / "runs").iterdir())[-1]
    rows = json.loads((newest / contents.MANIFEST).read_text())["files"]
    files = {f"{row['output']}/{row['name']}".rstrip("/"): row for row in rows}
    assert len(files) == len(rows)
    with_files = set(_lock(project)) - {"reports/contract"}  # empty where a GAN is trained here
    assert not any((smoke / "reports" / "contract").iterdir())
    assert {row["output"] for row in rows} == with_files
    for name, row in files.items():
        content = (smoke / name).read_bytes()
        assert row["size"] == len(content)
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert row["md5"] == hashlib.md5(content).hexdigest()


def test_what_is_restored_from_the_run_cache_is_read_first(project: Path) -> None:
    """A damaged entry of it would have DVC restore to another place."""
    (project / "dvc.lock").unlink()
    entries = [
        path
        for path in (project / ".dvc" / "cache" / "runs").rglob("*")
        if path.is_file() and "tasks.fetch" in path.read_text()
    ]
    assert len(entries) == 1
    _flip(entries[0], b"path: data/raw", b"path: data/rav")
    before = _bytes(project, "data/raw")
    assert _script(project, FETCH).stdout.splitlines()[-1] == "ran"
    assert _bytes(project, "data/raw") == before
    assert not (project / "data" / "rav").exists()
    assert str(entries[0].relative_to(project)) in _kept_aside(project)


def test_an_input_that_changed_between_two_stages_is_put_back_before_it_is_used(
    project: Path,
) -> None:
    dvc(project, "status")
    damaged = _largest(project, "data/raw")
    before = damaged.read_bytes()
    _flip(damaged)
    shutil.rmtree(project / "data" / "prepared")
    shutil.rmtree(project / ".dvc" / "cache" / "runs")  # so that it has to be computed
    _object_of(project, "data/prepared").unlink()
    expected = _lock(project)
    run = BEGIN + "print(adapter.run_stage(root, stages['prepare'], run_dir))\n"
    assert _script(project, run).stdout.splitlines()[-1] == "ran"
    assert damaged.read_bytes() == before
    assert _lock(project) == expected


def test_an_input_without_a_whole_copy_is_computed_again(project: Path) -> None:
    damaged = _largest(project, "data/raw")
    before = damaged.read_bytes()
    name = str(damaged.relative_to(project / "data" / "raw"))
    _flip(_object_of(project, "data/raw", name))
    _flip(damaged)
    run = BEGIN + "adapter.run_stage(root, stages['prepare'], run_dir)\n"
    shutil.rmtree(project / "data" / "prepared")
    _object_of(project, "data/prepared").unlink()
    _script(project, run)
    assert damaged.read_bytes() == before
    events = (project / ".ganatomy/runs/99991231T235959/prepare.events.jsonl").read_text()
    assert "stage fetch was computed again" in events
    assert f"data/raw/{name}: not what stage fetch wrote" in events


def test_what_the_cache_has_lost_comes_from_the_remote(project: Path, tmp_path: Path) -> None:
    dvc(project, "remote", "add", "-q", "-d", "beside", str(tmp_path / "remote"))
    dvc(project, "push", "-q", "train")
    damaged = _largest(project, "models/gan")
    before = damaged.read_bytes()
    name = str(damaged.relative_to(project / "models" / "gan"))
    _flip(_object_of(project, "models/gan", name))
    _flip(damaged)
    said = _script(project, SETTLE).stdout
    assert damaged.read_bytes() == before
    assert "train: models/gan: put back from DVC's cache" in said
    assert "again" not in said  # it was not trained anew


def test_what_cannot_be_put_right_is_named_and_fails(project: Path) -> None:
    damaged = _largest(project, "reports/fetch")
    name = str(damaged.relative_to(project / "reports" / "fetch"))
    _object_of(project, "reports/fetch", name).unlink()
    _flip(damaged)
    nothing_helps = "adapter.write_anew = lambda *_: None\nadapter.run_stage = lambda *_: None\n"
    done = python(project, "-c", SETTLE.replace("settling.", nothing_helps + "settling."))
    assert done.returncode == 1
    assert "StageFailed: stage fetch: reports/fetch" in done.stderr
    assert not (project / ".ganatomy/runs/99991231T235959" / contents.MANIFEST).exists()


@pytest.mark.slow
def test_a_run_that_cannot_be_put_right_is_not_finished(project: Path) -> None:
    dvc(project, "status")
    damaged = _largest(project, "reports/fetch")
    name = str(damaged.relative_to(project / "reports" / "fetch"))
    _object_of(project, "reports/fetch", name).unlink()
    _flip(damaged)
    _flip(project / "tasks" / "fetch" / "__main__.py", b"def main(", b"def_main(")  # unseen by DVC
    done = flows(project, "run")
    assert done.returncode == 1
    assert "error: stage fetch" in done.stderr
    client = MlflowClient(tracking_uri=f"sqlite:///{project / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("ganatomy").experiment_id
    runs = client.search_runs([experiment], order_by=["attributes.start_time DESC"])
    newest = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    assert newest.info.status == "FAILED"


def test_a_plain_dvc_stops_at_an_input_that_is_not_what_was_written(project: Path) -> None:
    damaged = _largest(project, "data/raw")
    _flip(damaged)
    done = python(project, "-m", "dvc", "repro", "-q", "--force", "--single-item", "prepare")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("prepare: error: ")]
    assert len(said) == 1
    assert "not what stage fetch wrote" in said[0]
    assert str(damaged.relative_to(project)) in said[0]


def test_equal_results_are_equal_bytes_whichever_stage_ended_first(
    project: Path, smoke: Path
) -> None:
    """DVC appends a stage to dvc.lock when it ends."""
    path = project / "dvc.lock"
    document = yaml.safe_load(path.read_text())
    assert list(document["stages"]) == sorted(document["stages"])
    lines = path.read_text().splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if line.startswith("  ") and line[2] != " "]
    blocks = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)])]
    path.write_text(
        "".join(lines[: starts[0]] + [line for block in blocks[::-1] for line in block])
    )
    backwards = yaml.safe_load(path.read_text())
    assert backwards == document
    assert list(backwards["stages"]) == list(document["stages"])[::-1]
    assert lockfile.digest(path) == hashlib.sha256((smoke / "dvc.lock").read_bytes()).hexdigest()
    _script(project, SETTLE)
    assert path.read_bytes() == (smoke / "dvc.lock").read_bytes()


@pytest.mark.parametrize(
    "text", ["", "schema: '2.0'\n", "stages:\n  a:\n    cmd: x", "stages: {}\n"]
)
def test_a_lock_that_is_not_as_dvc_writes_it_stays(text: str) -> None:
    assert lockfile.in_order(text) == text


def _collision() -> tuple[bytes, bytes]:
    """Two messages with one MD5: Wang and Yu, How to Break MD5 and Other Hash Functions (2005)."""
    one = bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
        "55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
        "d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
    )
    other = bytearray(one)
    for index in (19, 45, 59, 83, 109, 123):
        other[index] ^= 0x80
    return one, bytes(other)


def test_a_file_that_only_md5_believes_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    rows = []
    for content in _collision():
        path.write_bytes(content)
        found = _read(tmp_path, "weights")
        output = Output("train", "weights", contents.contents.digest(found))
        rows.append(contents.manifest({output: found}))
    assert rows[0][0]["md5"] == rows[1][0]["md5"]
    earlier = tmp_path / ".ganatomy" / "runs" / "1" / contents.MANIFEST
    earlier.parent.mkdir(parents=True)
    earlier.write_text(json.dumps({"files": rows[0]}))
    assert contents.unlike_before(tmp_path, rows[0]) is None
    assert contents.unlike_before(tmp_path, rows[1]) == "weights"


def test_what_cannot_be_read_is_other_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that gives a block no more, and a link to what is gone, are damage like any other."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "good").write_text("x")
    (tmp_path / "out" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "out" / "bad").write_text("y")
    read = stored.read

    def failing(path: Path) -> stored.Content:
        if path.name == "bad":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(path)

    monkeypatch.setattr(stored, "read", failing)
    found = stored.read_output(tmp_path, "out")
    assert set(found) == {"good", "bad"}
    wanted = {name: hashlib.md5(name.encode()).hexdigest() for name in ("bad", "gone")}
    wanted["good"] = hashlib.md5(b"x").hexdigest()
    assert stored.differences(wanted, found) == ["bad", "gone"]
