"""`make clean` removes what runs have made; what the user gave stays, wherever it lies."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flows import params
from ganatomy.errors import InputError
from tasks.shared import given
from tests.harness import ROOT, copy_project, python

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
OUTS = [out.replace("${item.shard}", "0") for stage in STAGES.values() for out in stage["outs"]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which everything that a run makes is there, and files of the user's beside."""
    project = copy_project(tmp_path / "project")
    (project / ".venv" / "bin").mkdir(parents=True)
    interpreter = project / ".venv" / "bin" / "python"
    interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    interpreter.chmod(0o755)
    for out in OUTS:
        path = project / out
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("made")
        else:
            (path / "deep").mkdir(parents=True)
            (path / "deep" / "file").write_text("made")
        (path.parent / f".{path.name}.partial").mkdir()
        (path.parent / f".{path.name}.1234.partial").touch()
    (project / "data" / ".gitignore").write_text("/raw\n/prepared\n")
    for name in ("inputs/code/train.json", ".ganatomy/runs/1/log"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("{}")
    return project


def _users(project: Path) -> dict[Path, str]:
    """Files of the user's own, beside every artifact and where data used to be given."""
    folders = {(project / out).parent for out in OUTS} | {project}
    places = [folder / "my_network.py" for folder in folders]
    places += [project / "data" / "source" / "cat" / "1.png", project / "given" / "1.png"]
    places += [project / "reports" / "notes" / "mine.md", project / "data" / "rawest" / "1.png"]
    places += [project / "given" / "__pycache__" / "1.png"]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"given {path.name}")
    return {path: path.read_text() for path in places}


def _make(project: Path, target: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(
        ["make", target], cwd=project, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def _left(project: Path) -> set[str]:
    kept = {".git", ".venv", "__pycache__"}
    return {
        path.relative_to(project).as_posix()
        for path in project.rglob("*")
        if path.is_file() and not kept & set(path.relative_to(project).parts)
    }


@pytest.mark.parametrize("target", ["clean", "distclean"])
def test_what_the_user_gave_survives(project: Path, target: str) -> None:
    (project / "dvc.lock").write_text("stages: {}\n")
    users = _users(project)
    _make(project, target)
    assert {path: path.read_text() for path in users if path.exists()} == users
    for out in OUTS:
        assert not (project / out).exists(), out
    assert list(project.rglob("*.partial")) == []
    kept = project / ".ganatomy"  # its lock, and what waits to be recorded
    assert ({path.name for path in kept.glob("*")} == {"run.lock"}) == (target == "clean")
    assert kept.exists() == (target == "clean")
    assert (project / ".venv").exists() == (project / "dvc.lock").exists() == (target == "clean")


def test_nothing_but_the_sources_is_left(project: Path, tmp_path: Path) -> None:
    fresh = copy_project(tmp_path / "fresh")
    _make(project, "clean")
    assert _left(project) - {".ganatomy/run.lock"} == _left(fresh)
    assert not (project / "data").exists()
    assert not (project / "models").exists()


def test_artifacts_of_a_stage_that_is_no_more_go_too(project: Path) -> None:
    (project / "reports" / "old").mkdir()
    (project / "outside").mkdir()
    entries = [{"path": "reports/old", "md5": "0"}, {"path": "../project/outside", "md5": "0"}]
    (project / "dvc.lock").write_text(yaml.safe_dump({"stages": {"old": {"outs": entries}}}))
    _make(project, "clean")
    assert not (project / "reports" / "old").exists()
    assert (project / "outside").exists()


def test_a_linked_artifact_is_unlinked_only(project: Path, tmp_path: Path) -> None:
    shutil.move(project / "data" / "raw", tmp_path / "large disk")
    (project / "data" / "raw").symlink_to(tmp_path / "large disk")
    _make(project, "clean")
    assert not (project / "data").exists()
    assert (tmp_path / "large disk" / "deep" / "file").exists()


def test_git_ignores_what_runs_make_and_nothing_else(project: Path) -> None:
    """What the user puts beside an artifact would else be left out of every commit."""
    users = [path for path in _users(project) if "given" not in path.parts[-3:]]
    ask = ["git", "check-ignore", "--no-index", *(str(project / out) for out in OUTS)]
    done = subprocess.run(ask, cwd=project, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == len(OUTS)
    ask = ["git", "check-ignore", "--no-index", *map(str, users)]
    done = subprocess.run(ask, cwd=project, capture_output=True, text=True, check=False)
    assert done.stdout == ""


# ---- never in one folder ----


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("fetch.root=data/raw", "data/raw"),
        ("fetch.root=data/raw/mine", "data/raw"),
        ("fetch.root=models/variants/0", "models/variants/0"),
        ("fetch.root=data", "data/"),
        ("fetch.root=.", "data/"),
        ("fetch.attributes=reports/train/table.csv", "reports/train"),
        ("evaluate.inception_weights=models/gan/weights.pt", "models/gan"),
        ("variants.masks=[data/prepared/mask.png]", "data/prepared"),
        ("gan.generator=models.gan.mine:Net", "models/gan"),
    ],
)
def test_what_lies_in_an_artifact_is_refused(project: Path, assignment: str, named: str) -> None:
    params.apply(project, None, ["fetch.source=image-folder", "fetch.root=given", assignment])
    with pytest.raises(InputError) as caught:
        given.check_apart(project)
    assert named in caught.value.what
    assert caught.value.where == assignment.partition("=")[0]
    assert "given/" in caught.value.remedy


@pytest.mark.parametrize(
    "assignment",
    [
        "fetch.root=given",
        "fetch.root=data/source",
        "fetch.root=data/rawest",
        "fetch.root=/images",
        "gan.generator=models.mine:Net",
        "variants.masks=[masks/a.png]",
        "gan.generator=dcgan",
    ],
)
def test_what_lies_beside_is_taken(project: Path, assignment: str) -> None:
    params.apply(project, None, ["fetch.source=image-folder", "fetch.root=given", assignment])
    given.check_apart(project)


def test_data_sets_by_name_may_lie_above(project: Path) -> None:
    params.apply(project, None, ["fetch.source=mnist", "fetch.root=data"])
    given.check_apart(project)


def test_a_run_at_work_keeps_what_it_makes(project: Path) -> None:
    with (project / ".ganatomy" / "run.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = python(project, "-m", "flows.clean")
    assert done.returncode == 2
    assert done.stderr.startswith("error: another run is at work here")
    assert (project / OUTS[0]).exists()


def test_what_waits_to_be_recorded_goes_on_waiting(project: Path) -> None:
    waiting = project / ".ganatomy" / "spool" / "1" / "run.json"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("{}")
    _make(project, "clean")
    assert waiting.exists()
