"""Killed at work: no child lives on, nothing needs mending by hand, finished stages stay."""

import shutil
import signal
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from mlflow import MlflowClient

from tests.harness import digests, flows, kill_during, living, outcomes, wait_for

ENDLESS = {"train": "train.epochs=100000", "retrain@0": "retrain.epochs=100000"}
USUAL = {"train": "train.epochs=2", "retrain@0": "retrain.epochs=1"}
QUICK = ("train", (signal.SIGINT, signal.SIGKILL))  # one after the other
SLOW = [
    (stage, (number,))
    for stage in ("train", "retrain@0")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
]
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


def _case(stage: str, numbers: tuple[signal.Signals, ...]) -> ParameterSet:
    marks = [] if (stage, numbers) == QUICK else pytest.mark.slow
    name = "-".join([stage, *(number.name for number in numbers)])
    return pytest.param(stage, numbers, marks=marks, id=name)


@pytest.mark.parametrize(("stage", "numbers"), [_case(*case) for case in (QUICK, *SLOW)])
def test_a_killed_run_leaves_nothing_and_goes_on(
    smoke: Path, tmp_path: Path, stage: str, numbers: tuple[signal.Signals, ...]
) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    finished = digests(project)
    for number in numbers:
        code = kill_during(project, stage, number, "--set", ENDLESS[stage])
        assert code == EXIT_CODES[number]
        wait_for(lambda: living(project) == [], 20, "every process of the run has ended")
        assert not (project / "models" / "gan").exists() or stage != "train"
        assert list(project.glob("models/**/.*.partial")) == [] or number == signal.SIGKILL

    again = flows(project, "run", "--set", USUAL[stage])
    assert again.returncode == 0, again.stderr
    assert set(outcomes(again).values()) <= {"unchanged", "restored from the run cache"}
    assert digests(project) == finished
    expected = ["KILLED"] * len(numbers) + ["FINISHED"]  # none is left as if it were running
    assert _statuses(project)[-len(expected) :] == expected


def _statuses(project: Path) -> list[str]:
    """Of pipeline runs in MLflow, oldest first."""
    client = MlflowClient(tracking_uri=f"sqlite:///{project / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("ganatomy").experiment_id
    runs = client.search_runs([experiment], order_by=["attributes.start_time ASC"])
    assert {run.info.status for run in runs} <= {"KILLED", "FINISHED"}
    return [run.info.status for run in runs if "mlflow.parentRunId" not in run.data.tags]


def test_a_broken_lock_is_mended(two_stages_done: Path) -> None:
    project = two_stages_done
    (project / ".dvc" / "tmp" / "rwlock").write_text(
        ""
    )  # what a kill between open and write leaves
    whole = (project / "dvc.lock").read_text()
    (project / "dvc.lock").write_text(whole[: len(whole) // 2] + "\n  - {")
    again = flows(project, "run")
    assert again.returncode == 0, again.stderr
    assert list(project.glob("dvc.lock.broken-*"))
    found = outcomes(again)
    assert found.pop("inputs") == "done"  # DVC keeps none of what it runs each time
    assert set(found.values()) == {"restored from the run cache"}


def test_one_run_at_a_time(smoke: Path, tmp_path: Path) -> None:
    import fcntl

    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    with (project / ".ganatomy" / "run.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = flows(project, "run")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "another run is at work here" in done.stderr
