"""A run goes on with what it began with; whoever is refused, or only asks, changes nothing."""

import fcntl
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from flows import params
from tests.flows.test_contents import BEGIN as BY_ADAPTER
from tests.harness import dvc, environment, flows, living, outcomes, python, wait_for

PREPARE = BY_ADAPTER + "print(adapter.run_stage(root, stages['prepare'], run_dir))\n"

# what a user's editor does while fetch is at work
BEGIN = "    with whole_folder(RAW)"  # it has read its parameters by then
EDIT = """\
    text = Path("params.yaml").read_text()
    text = text.replace("max_images: 400", "max_images: 300")
    Path("params.yaml").write_text(text.replace("test_fraction: 0.2", "test_fraction: 0.5"))
"""


def _edits_meanwhile(project: Path) -> Path:
    stage = project / "tasks" / "fetch" / "__main__.py"
    assert stage.read_text().count(BEGIN) == 1
    stage.write_text(stage.read_text().replace(BEGIN, EDIT + BEGIN))
    return project


def _locked(project: Path) -> dict[str, Any]:
    """Values of params.yaml by stage, as dvc.lock has them."""
    lock = project / "dvc.lock"
    stages = yaml.safe_load(lock.read_text())["stages"] if lock.exists() else {}
    return {name: entry["params"]["params.yaml"] for name, entry in stages.items()}


def _metrics(project: Path, stage: str) -> dict[str, float]:
    found: dict[str, float] = json.loads((project / "reports" / stage / "metrics.json").read_text())
    return found


def test_params_that_are_edited_while_a_stage_runs_are_for_the_next_run(
    two_stages: Path, with_stores: Callable[[Path], Path]
) -> None:
    project = with_stores(_edits_meanwhile(two_stages))
    done = flows(project, "run")
    assert done.returncode == 0, done.stderr
    assert set(outcomes(done).values()) == {"done"}
    assert "max_images: 300" in (project / "params.yaml").read_text()
    assert _metrics(project, "fetch")["num_found"] == 400
    locked = _locked(project)
    assert locked["fetch"]["fetch"]["max_images"] == 400
    assert locked["prepare"]["prepare"]["test_fraction"] == 0.2
    assert _metrics(project, "prepare")["num_test"] == 80
    assert _metrics(project, "prepare")["num_train"] == 320

    planned = flows(project, "plan").stdout
    assert "modified fetch" in planned
    assert "modified prepare" in planned
    dvc(project, "repro", "-q", "fetch")
    assert _locked(project)["fetch"]["fetch"]["max_images"] == 300
    assert _metrics(project, "fetch")["num_found"] == 300


def test_by_dvc_alone_the_stage_fails_and_nothing_wrong_is_locked(two_stages: Path) -> None:
    project = _edits_meanwhile(two_stages)
    done = python(project, "-m", "dvc", "repro")
    assert done.returncode != 0
    said = r"^fetch: error: fetch\.max_images.* changed while the stage ran, .*\[params\.yaml\]"
    assert len(re.findall(said, done.stderr, re.M)) == 1
    assert "Traceback" not in done.stderr
    assert set(_locked(project)) == {"inputs"}
    dvc(project, "repro", "-q", "fetch")
    assert _locked(project)["fetch"]["fetch"]["max_images"] == 300
    assert _metrics(project, "fetch")["num_found"] == 300


def test_a_stage_whose_code_was_edited_since_the_run_began_is_refused(two_stages: Path) -> None:
    """Its result would be kept, and restored, as that of the code that `inputs` wrote down."""
    stage = two_stages / "tasks" / "fetch" / "__main__.py"
    edited = two_stages / "tasks" / "prepare" / "__main__.py"
    edit = f"    with Path({str(edited)!r}).open('a') as file:\n"
    edit += "        file.write('EDITED = True\\n')\n"
    stage.write_text(stage.read_text().replace(BEGIN, edit + BEGIN))
    done = python(two_stages, "-m", "dvc", "repro")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("prepare: error: ")]
    assert len(said) == 1
    assert "edited since inputs/code/prepare.json was written" in said[0]
    assert "[tasks/prepare/__main__.py]" in said[0]
    assert not (two_stages / "data" / "prepared").exists()
    assert set(_locked(two_stages)) == {"inputs", "fetch"}
    assert python(two_stages, "-m", "dvc", "repro").returncode == 0
    assert set(_locked(two_stages)) == {"inputs", "fetch", "prepare"}


def _content(project: Path) -> dict[str, str]:
    """A digest of every file and the name of every folder, but for Python's compiled code."""
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in project.rglob("*")
        if "__pycache__" not in path.parts
    }


def test_a_plan_changes_nothing_where_nothing_has_run(two_stages: Path) -> None:
    before = _content(two_stages)
    planned = flows(two_stages, "plan", "--profile", "default", "--set", "base.device=cpu")
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.count("has not run yet") == 3
    assert _content(two_stages) == before


def test_a_plan_changes_nothing_whatever_it_finds(two_stages_done: Path) -> None:
    project = two_stages_done
    environment = project / "inputs" / "environment.json"
    environment_now = environment.read_text()
    (project / ".dvc" / "tmp" / "rwlock").write_text("[]")
    before = _content(project)
    assert " run " not in flows(project, "plan").stdout
    planned = flows(project, "plan", "--set", "fetch.source=image-folder")
    assert planned.returncode == 0, planned.stderr
    assert "params.yaml: fetch.source: 'mnist-sample' -> 'image-folder'" in planned.stdout
    # the listing of the folder, not written yet
    assert "modified inputs/source.json (listing)" in planned.stdout
    assert "modified fetch" in planned.stdout
    environment.write_text("{}")
    planned = flows(project, "plan")
    stale = [line.split()[0] for line in planned.stdout.splitlines() if " run " in line]
    assert stale == ["inputs"], planned.stdout  # which would write again what the others had
    assert environment.read_text() == "{}"
    environment.write_text(environment_now)
    assert _content(project) == before

    (project / "dvc.lock").write_text((project / "dvc.lock").read_text()[:-90] + "\n  - {")
    before = _content(project)
    planned = flows(project, "plan")
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.count("dvc.lock cannot be read") == 3
    assert _content(project) == before


def test_a_run_that_is_refused_changes_nothing(two_stages: Path) -> None:
    lock = two_stages / ".ganatomy" / "run.lock"
    lock.parent.mkdir()
    with lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = _content(two_stages)
        done = flows(two_stages, "run", "--set", "base.seed=5", "--profile", "default")
        assert _content(two_stages) == before
        assert flows(two_stages, "plan", "--set", "base.seed=5").returncode == 0  # it may ask
    assert done.returncode == 2
    assert "another run is at work here" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it polls, which takes longer")
def test_a_stage_does_not_outlive_a_dvc_that_is_killed_as_it_starts(two_stages: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "-q"], cwd=two_stages, env=environment()
    )
    try:
        wait_for(lambda: _stages_of(process.pid) != [], 60, "the stage's process is there")
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: living(two_stages) == [], 60, "every process has ended")
    assert not (two_stages / "data" / "raw").exists()


def _stages_of(pid: int) -> list[psutil.Process]:
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if any("tasks." in word for word in _words(child))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_outputs_may_be_links_into_the_cache(two_stages_done: Path, kind: str) -> None:
    """DVC links between file systems of one class only; the one that it is given must be of it."""
    project = two_stages_done
    (project / ".dvc" / "config.local").write_text(f"[cache]\n    type = {kind}\n")
    params.apply(project, None, ["prepare.test_fraction=0.3"])  # of which there is no copy yet
    done = python(project, "-c", PREPARE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "ran"
    made = project / "data" / "prepared" / "train.safetensors"
    assert made.is_symlink() if kind == "symlink" else made.stat().st_nlink == 2
