"""A training on several devices: its processes begin, stop, fail and end as one."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from ganatomy.errors import InputError
from tasks.shared.events import Events
from tasks.train import ranks
from tests.harness import ROOT, environment, kill_during, living, python, wait_for

CPU, GPU = torch.device("cpu"), torch.device("cuda")
STAGE = """
import os, sys, time
import torch
from ganatomy.errors import InputError
from tasks.train import ranks
from tasks.shared import stage
ranks._GRACE_S = 1.0
def main(events):
    with ranks.joined(2, torch.device("cpu"), 4, events) as (group, device):
        os.write(1, f"{os.getpid()}\\n".encode())  # in one piece, whoever else writes
        group.first(None)
        if {where}:
            {body}
        while True:
            group.first(None)
stage.run(main, "made_up")
"""
needs_two_cores = pytest.mark.skipif(
    sys.platform == "linux" and len(os.sched_getaffinity(0)) < 2, reason="one CPU core"
)


@needs_two_cores
@pytest.mark.slow
def test_a_training_on_two_devices_ends_as_one_and_goes_on(
    smoke: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    wanted = ("train.devices=2", "train.epochs=100", "train.probe_kimg=100")
    arguments = [word for value in wanted for word in ("--set", value)]
    assert kill_during(project, "train", signal.SIGTERM, *arguments) == 143
    wait_for(lambda: living(project) == [], 20, "every process of the run has ended")
    trainings = (project / ".ganatomy" / "checkpoints" / "train").glob("*")
    newest = max(trainings, key=lambda path: path.stat().st_mtime)
    broken_off_at = max(int(path.name.removeprefix("step-")) for path in newest.glob("step-*"))
    assert 0 < broken_off_at < 1000
    assert not (project / "models" / "gan").exists()

    again = python(project, "-m", "tasks.train")  # params.yaml has the values now
    assert again.returncode == 0, again.stderr
    assert f"goes on from step {broken_off_at} of 1000" in again.stderr
    assert (project / "models" / "gan" / "generator_ema.safetensors").exists()
    assert living(project) == []


def _start(where: str, body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", STAGE.replace("{where}", where).replace("{body}", body)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_two_cores
@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "body", "code", "said"),
    [
        ("True", "return", 0, ""),
        ("group.rank == 0", "raise InputError('no such', 'there', 'Do.')", 2, "no such [there]."),
        ("group.rank == 1", "1 / 0", 1, "RuntimeError: rank 1: ZeroDivisionError: division"),
        ("group.rank == 1", "os.kill(os.getpid(), 9)", 1, "RuntimeError: rank 1 ended by SIGKILL"),
        (  # rank 0 does not notice
            "True",
            "time.sleep(60) if group.rank == 0 else os._exit(7)",
            1,
            "RuntimeError: rank 1 ended by exit code 7",
        ),
    ],
)
def test_as_one_ends_all_end(where: str, body: str, code: int, said: str) -> None:
    process = _start(where, body)
    printed, spoken = process.communicate(timeout=60)
    assert process.returncode == code, spoken
    assert len(printed.split()) == 2
    assert not any(psutil.pid_exists(int(number)) for number in printed.split())
    assert spoken.count("made_up: error: ") == (code != 0)
    assert f"made_up: error: {said}" in spoken or code == 0


@needs_two_cores
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_others_end_with_the_first(number: signal.Signals) -> None:
    process = _start("False", "pass")
    assert process.stdout is not None
    found = {int(process.stdout.readline()) for _ in range(2)}
    (other,) = found - {process.pid}
    os.kill(other, signal.SIGTERM)  # a signal to all is for the first to answer
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == (143 if number == signal.SIGTERM else -number)
    wait_for(lambda: not psutil.pid_exists(other), 20, "the other rank has ended")


@pytest.mark.parametrize(
    ("device", "num_devices", "said"),
    [
        (CPU, 2, "train.devices = 2 but this machine has 1 CPU core [train.devices]. Set it to 1."),
        (GPU, 4, "train.devices = 4 but this machine has 1 GPU [train.devices]. Set it to 1."),
    ],
)
def test_more_devices_than_there_are(
    device: torch.device, num_devices: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with pytest.raises(InputError) as error:
        ranks.joined(num_devices, device, 64, Events("train", None)).__enter__()
    assert str(error.value) == said


def test_a_batch_that_does_not_divide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    with pytest.raises(InputError, match="33 images does not divide among 2 devices"):
        ranks.joined(2, GPU, 33, Events("train", None)).__enter__()


@pytest.mark.parametrize(
    ("of_all", "num_devices", "device", "each"),
    [(4, 2, CPU, 2), (5, 2, CPU, 2), (1, 2, CPU, 1), (4, 2, GPU, 4)],
)
def test_threads_are_shared_out(
    of_all: int, num_devices: int, device: torch.device, each: int
) -> None:
    assert ranks.num_threads(of_all, num_devices, device) == each
