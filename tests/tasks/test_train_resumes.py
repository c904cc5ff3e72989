"""The stage `train`, broken off: what it goes on from, and that its results are the same bytes."""

import itertools
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from flows import params
from ganatomy.files import sha256_of
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.model import build_gan
from ganatomy.gan.study import spread
from tests.harness import environment, python, wait_for

LONGER = ["train.epochs=40", "train.probe_kimg=1.0"]  # 400 steps, a checkpoint every 31


def _remove_results(project: Path) -> None:
    """As DVC does before it runs a stage."""
    for out in ("models/gan", "models/history", "reports/train"):
        shutil.rmtree(project / out)


def _project(smoke: Path, folder: Path) -> Path:
    project = shutil.copytree(smoke, folder, symlinks=True)
    _remove_results(project)
    shutil.rmtree(project / ".ganatomy" / "checkpoints")
    params.apply(project, None, LONGER)
    return project


def _results(project: Path) -> dict[str, str]:
    return {
        str(path.relative_to(project)): sha256_of(path)
        for out in ("models/gan", "models/history", "reports/train")
        for path in sorted((project / out).rglob("*"))
        if path.is_file()
    }


def _checkpoints(project: Path) -> list[Path]:
    return sorted(project.glob(".ganatomy/checkpoints/train/*/step-*/snapshot.json"))


def _break_off(project: Path, number: signal.Signals) -> tuple[int, str]:
    """Start the stage and signal it once it has a checkpoint of its own training."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tasks.train"],
        cwd=project,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        late = "step-000000031"
        wait_for(
            lambda: any(late <= path.parent.name for path in _checkpoints(project)),
            60,
            "a checkpoint",
        )
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    return process.returncode, said


@pytest.fixture(scope="module")
def uninterrupted(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Hashes of what a training leaves that nobody broke off."""
    project = _project(smoke, tmp_path_factory.mktemp("whole") / "project")
    done = python(project, "-m", "tasks.train")
    assert done.returncode == 0, done.stderr
    return _results(project)


@pytest.mark.parametrize("count", [2, 3, 4, 7, 8])
@pytest.mark.parametrize("number", [2, 3, 8, 9, 40, 101])
def test_what_is_remembered_is_spread_evenly_from_first_to_last(number: int, count: int) -> None:
    steps = [10 * index for index in range(number - 1)] + [10 * number - 13]
    chosen = spread(steps, count)
    assert chosen[0] == steps[0]
    assert chosen[-1] == steps[-1]
    assert len(chosen) == min(count, number)
    places = [steps.index(step) for step in chosen]
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert 1 <= min(gaps) <= max(gaps) <= min(gaps) + 1


def test_gans_of_the_trainings_course_are_kept_from_the_first_on(smoke: Path) -> None:
    folders = sorted((smoke / "models" / "history").iterdir())
    curves = pd.read_csv(smoke / "reports" / "train" / "curves.csv")
    probed = sorted(set(curves[curves["name"] == "train/diversity"]["step"]))
    assert len(folders) == 3  # as the profile asks for
    steps = [int(folder.name) for folder in folders]
    assert steps[0] == 0
    assert steps[-1] == probed[-1]
    assert set(steps) <= set(probed)
    cpu = torch.device("cpu")
    gans = [load_gan(folder, cpu) for folder in folders]
    untrained = build_gan(gans[0].architecture, 0)
    for name in ("generator", "discriminator", "generator_ema"):
        of_each = [dict(getattr(gan, name).named_parameters()) for gan in (untrained, *gans)]
        for key, first in of_each[0].items():
            assert torch.equal(first, of_each[1][key]), f"{name}.{key}"
        some = [torch.cat([each.flatten() for each in own.values()]) for own in of_each[1:]]
        assert not torch.equal(some[0], some[1])
        assert not torch.equal(some[1], some[2])


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGKILL, -9, id="SIGKILL"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 130, id="SIGINT", marks=pytest.mark.slow),
    ],
)
def test_it_goes_on_to_the_same_bytes(
    number: signal.Signals,
    code: int,
    smoke: Path,
    uninterrupted: dict[str, str],
    tmp_path: Path,
) -> None:
    project = _project(smoke, tmp_path / "project")
    assert _break_off(project, number)[0] == code
    assert not (project / "models" / "gan").exists()
    if number != signal.SIGKILL:  # it had the time to tidy up
        assert not list(project.glob("*/.*.partial"))
    again = python(project, "-m", "tasks.train")
    assert again.returncode == 0, again.stderr
    assert "goes on from step" in again.stderr
    assert _results(project) == uninterrupted


def test_it_goes_on_from_no_other_training(
    smoke: Path, uninterrupted: dict[str, str], tmp_path: Path
) -> None:
    """Another seed begins anew; back at the first one, its own checkpoints are still there."""
    project = _project(smoke, tmp_path / "project")
    assert _break_off(project, signal.SIGTERM)[0] == 143
    assert not list(project.glob("*/.*.partial"))
    params.apply(project, None, ["base.seed=5", "train.epochs=2"])
    other = python(project, "-m", "tasks.train")
    assert other.returncode == 0, other.stderr
    assert "goes on" not in other.stderr
    params.apply(project, None, ["base.seed=0", "train.epochs=40"])
    again = python(project, "-m", "tasks.train")
    assert "goes on from step" in again.stderr
    assert _results(project) == uninterrupted


def test_a_finished_training_is_done_again_not_copied(smoke: Path, tmp_path: Path) -> None:
    """What an audit replays has to be computed."""
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    results = _results(project)
    _remove_results(project)
    again = python(project, "-m", "tasks.train")
    assert again.returncode == 0, again.stderr
    assert "goes on" not in again.stderr
    assert _results(project) == results


@pytest.mark.slow  # tests/unit/gan/test_snapshots.py damages them too
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_used(
    smoke: Path, uninterrupted: dict[str, str], tmp_path: Path
) -> None:
    project = _project(smoke, tmp_path / "project")
    _break_off(project, signal.SIGKILL)
    newest = _checkpoints(project)[-1].with_name("state.safetensors")
    content = bytearray(newest.read_bytes())
    content[-20] ^= 1
    newest.write_bytes(content)
    again = python(project, "-m", "tasks.train")
    assert again.returncode == 0, again.stderr
    assert "a checkpoint cannot be used" in again.stderr
    assert str(newest.relative_to(project)) in again.stderr
    assert _results(project) == uninterrupted


def test_divergence_ends_the_stage_with_its_last_good_checkpoint(
    smoke: Path, tmp_path: Path
) -> None:
    project = _project(smoke, tmp_path / "project")
    schedules = project / "ganatomy" / "gan" / "schedules.py"
    sound = schedules.read_text()
    planted = "def learning_rate_factor(step, *_, **__):\n    return 1e30 if step > 40 else 1.0\n"
    schedules.write_text(f"{sound}\n\n{planted}")
    done = python(project, "-m", "tasks.train")
    assert done.returncode == 1
    assert "diverged" in done.stderr or "no longer finite" in done.stderr
    assert "the last good checkpoint is" in done.stderr
    assert "step-000000031" in done.stderr
    assert not (project / "models" / "gan").exists()
