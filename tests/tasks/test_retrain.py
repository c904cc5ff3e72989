"""The stage `retrain`: broken off it goes on to the same bytes, and so it does from recipes."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows import params
from flows.watch import StageTail
from ganatomy.files import read_json, sha256_of
from tests.harness import environment, stages, wait_for

LONGER = ["retrain.epochs=20"]  # 200 steps
PACK = 3  # six members in packs of four at most


def _project(smoke: Path, folder: Path, assignments: list[str]) -> Path:
    project = shutil.copytree(smoke, folder, symlinks=True)
    for out in ("models/variants/0", "reports/retrain/0"):
        shutil.rmtree(project / out)  # as DVC does before it runs a stage
    params.apply(project, None, assignments)
    return project


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _events(run: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in StageTail(run, "retrain@0").events() if event["kind"] == kind]


def _break_off(project: Path, run: Path) -> int:
    """Start the stage and end it in its second pack; returns the exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tasks.retrain", "0"],
        cwd=project,
        env=environment() | {"GANATOMY_RUN_DIR": str(run)},
    )
    try:
        wait_for(
            lambda: any(event["done"] > 210 * PACK for event in _events(run, "progress")),
            60,
            "the second pack at work",
        )
        process.terminate()
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
    return process.returncode


@pytest.mark.slow  # tests/unit/gan/ensemble/test_run.py breaks packs off too
def test_broken_off_it_goes_on_to_the_same_bytes(smoke: Path, tmp_path: Path) -> None:
    whole = _project(smoke, tmp_path / "whole", LONGER)
    done = stages(whole, "retrain 0")
    assert done.returncode == 0, done.stderr

    project, run = _project(smoke, tmp_path / "project", LONGER), tmp_path / "first"
    assert _break_off(project, run) == 128 + signal.SIGTERM
    assert not (project / "models" / "variants" / "0").exists()
    assert not list(project.glob("*/**/.*.partial"))
    checkpoints = Path(".ganatomy", "checkpoints", "retrain-0")
    of_smoke = {path.name for path in (smoke / checkpoints).iterdir()}
    (kept,) = (path for path in (project / checkpoints).iterdir() if path.name not in of_smoke)
    finished = [event["values"] for event in _events(run, "row")]
    assert len(finished) == PACK
    (snapshot,) = kept.glob("pack-*/step-*/state.safetensors")
    step = int(snapshot.parent.name.rpartition("-")[2])
    assert 10 <= step < 200

    run = tmp_path / "second"
    again = stages(project, "retrain 0", GANATOMY_RUN_DIR=str(run))
    assert again.returncode == 0, (run / "retrain@0.log").read_text()
    trained = [event["values"] for event in _events(run, "row")]
    assert len(trained) == PACK  # what was finished was not trained again
    table = read_json(project / "reports" / "retrain" / "0" / "members.json")
    assert finished + trained == table
    told = {event["done"] for event in _events(run, "progress")}
    assert not {done for done in told if 200 * PACK < done <= (200 + step) * PACK}
    for out in ("models/variants/0", "reports/retrain/0"):
        assert _hashes(project / out) == _hashes(whole / out)
    assert [path.name for path in kept.iterdir() if any(path.glob("*"))] == []
    assert (kept / "finished").exists()


def test_every_member_is_in_one_shard(smoke: Path) -> None:
    tables = [read_json(smoke / "reports" / "retrain" / shard / "members.json") for shard in "01"]
    found = [(row["variant"], row["seed"]) for table in tables for row in table]
    index = read_json(smoke / "reports" / "variants" / "index.json")
    every = [(entry["recipe"]["name"], seed) for entry in index for seed in (0, 1)]
    assert sorted(found) == sorted(every)


def test_a_member_is_the_same_whatever_the_shards(smoke: Path, tmp_path: Path) -> None:
    project = _project(smoke, tmp_path / "project", ["retrain.shards=[0, 1, 2, 3]"])
    done = stages(project, "retrain 3")
    assert done.returncode == 0, done.stderr
    members = sorted(path.name for path in (project / "models" / "variants" / "3").iterdir())
    assert len(members) == 6  # three, each at half of its training too
    of_two = smoke / "models" / "variants"
    for name in members:
        (before,) = of_two.glob(f"[01]/{name}")
        assert _hashes(project / "models" / "variants" / "3" / name) == _hashes(before)


def test_a_shard_may_have_no_members(smoke: Path, tmp_path: Path) -> None:
    project = _project(smoke, tmp_path / "project", [f"retrain.shards={list(range(13))}"])
    done = stages(project, "retrain 12")
    assert done.returncode == 0, done.stderr
    assert read_json(project / "reports" / "retrain" / "12" / "members.json") == []


def test_variants_from_recipes_train_to_the_same_bytes(smoke: Path, tmp_path: Path) -> None:
    project = _project(smoke, tmp_path / "project", ["variants.materialize=false"])
    shutil.rmtree(project / "data" / "variants")
    done = stages(project, "variants", "retrain 0")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (project / "data" / "variants" / "contrast").iterdir()}
    assert names == {"preview.png", "recipe.json"}
    index = Path("data", "variants", "index.json")
    assert (project / index).read_bytes() == (smoke / index).read_bytes()
    trained = Path("models", "variants", "0")
    assert _hashes(project / trained) == _hashes(smoke / trained)
