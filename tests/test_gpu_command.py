"""`python -m benchmarks gpu`: tried on the CPU, and as where neither pipeline nor peers are."""

import contextlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from benchmarks import quality
from benchmarks.gpu import __main__ as command_line
from benchmarks.gpu import running, table
from benchmarks.gpu.pieces import PIECES, Piece
from ganatomy.errors import InputError
from ganatomy.files import write_json
from tasks.params.gan import GanSection
from tasks.train.params import Train
from tests.harness import ROOT, wait_for

_ELSEWHERE = """
import sys

refused = {"prefect", "mlflow", "dvc", "ruamel", "pydantic", "fastapi", "lime", "captum"}
refused |= {"torchcam", "pytorch_grad_cam", "lightning_fabric"}

class Bare:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, *more):
        return None if name.partition(".")[0] in refused else self.finder.find_spec(name, *more)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Bare, sys.meta_path)
"""


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, and every process that it starts, without what a GPU machine need not have."""
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / "sitecustomize.py").write_text(_ELSEWHERE)
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", "gpu", "--out", str(folder / "gpu.json"), *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(folder / "site"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=550,
    )


def _records(folder: Path) -> dict[str, Any]:
    return running.read(folder / "gpu.json")


def test_small_pieces_run_and_are_kept(tmp_path: Path) -> None:
    words = ("--device", "cpu", "--small", "--piece", "gradcam-dcgan", "--piece", "1")
    done = _run(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    records = _records(tmp_path)
    assert list(records) == ["gradcam-dcgan", "tests"]
    (row,) = records["gradcam-dcgan"]["result"]["rows"]
    assert row["one_layer_img_per_s"].keys() == {"ours"}  # of peers there is none
    tests = records["tests"]["result"]
    assert tests["num_passed"] + len(tests["skipped"]) >= 15
    assert tests["failed"] == []
    if not torch.cuda.is_available():
        assert set(tests["skipped"].values()) == {"needs a GPU"}
    for record in records.values():
        assert record["status"] == "done"
        assert record["machine"]["versions"]["torch"] == torch.__version__.partition("+")[0]
        assert record["command"].startswith("python -m benchmarks gpu --piece ")
        assert record["small"]
    again = _run(tmp_path, *words, "--piece", "lime-28")
    assert again.stdout.count("kept from before") == 2
    assert again.returncode == 1  # what a piece lacks is told, and takes no other with it
    assert "package captum is not installed" in _records(tmp_path)["lime-28"]["reason"]
    listed = _run(tmp_path, "--list").stdout.splitlines()
    assert len(listed) == len(PIECES)
    assert listed[0].split()[:3] == ["1", "tests", "done,"]
    assert sum("not run" in line for line in listed) == len(PIECES) - 3


@pytest.mark.slow
def test_every_piece_runs_small(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    assert running.run(PIECES, "cpu", True, path, False), path.read_text()
    for piece in PIECES:
        assert table.merged(path, piece.kind)


def test_without_a_gpu_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command_line.main(["--out", str(tmp_path / "gpu.json")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: there is no GPU here that torch can use")
    assert said.count("\n") == 1
    assert not (tmp_path / "gpu.json").exists()


def test_a_piece_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--piece", "99"]) == 2
    assert "there is no piece '99'" in capsys.readouterr().err


def test_damaged_results_are_refused_and_left(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "gpu.json"
    path.write_text("{")
    assert command_line.main(["--device", "cpu", "--small", "--out", str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert path.read_text() == "{"


def test_a_piece_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    record = running._outcome(command, tmp_path / "none", 0.0)
    assert record["status"] == "cut off"


def test_its_children_are_ended_with_it(tmp_path: Path) -> None:
    pids, ready = tmp_path / "pids", tmp_path / "ready"
    script = (
        "import os, pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{child.pid}}')\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True) as process:
        wait_for(ready.exists, 120, "the piece at work")
        running._end(process)
    ended = [int(pid) for pid in pids.read_text().split()]
    wait_for(lambda: not any(map(_lives, ended)), 60, "both ended")


def _lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_a_process_that_dies_is_told(tmp_path: Path) -> None:
    record = running._outcome([sys.executable, "-c", "exit(3)"], tmp_path / "none", 60.0)
    assert (record["status"], record["reason"]) == ("failed", "its process ended with 3")


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (
            ModuleNotFoundError("x", name="lime"),
            "not possible",
            "the package lime is not installed",
        ),
        (InputError("no images", "given", "Put some."), "not possible", "no images [given]"),
        (ZeroDivisionError("by zero"), "failed", "ZeroDivisionError: by zero"),
    ],
)
def test_what_a_piece_raises_becomes_its_record(
    error: Exception, status: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(device: str, small: bool) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(running, "PIECES", (Piece("broken", "broken", broken),))
    record = running.measured("broken", "cpu", True)
    assert record["status"] == status
    assert words in record["reason"]


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"failed": ["a"], "skipped": {}}, "failed"),
        ({"failed": [], "skipped": {"a": "needs the package mlxtend"}}, "not possible"),
        ({"failed": [], "skipped": {}}, "done"),
    ],
)
def test_tests_that_fail_or_are_skipped_are_not_done(
    result: dict[str, Any], status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PIECES", (Piece("tests", "tests", lambda *_: result),))
    assert running.measured("tests", "cuda", False)["status"] == status


def _record(result: dict[str, Any], status: str = "done") -> dict[str, Any]:
    at = {"gpu": "Card", "versions": {"torch": "2"}}
    return {"status": status, "reason": "", "seconds": 61.0, "machine": at, "result": result}


def test_results_of_a_kind_are_put_together(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    first = {"device": "cuda", "rows": [{"seed": 0}], "num_seeds": [3, 8], "steps": {"28": 1}}
    second = {"device": "cuda", "rows": [{"seed": 2}], "num_seeds": [3, 8], "steps": {"64": 1}}
    records = {"quality-0": _record(first), "quality-1": _record(first, "failed")}
    write_json(path, {"pieces": records | {"quality-2": _record(second)}})
    (found,) = table.merged(path, "quality")
    assert found["rows"] == [{"seed": 0}, {"seed": 2}]
    assert found["num_seeds"] == [3, 8]
    assert found["steps"] == {"28": 1, "64": 1}
    assert found["machine"]["gpu"] == "Card"
    assert table.merged(path, "lime") == []
    shown = table.section(path)
    assert "| quality-0 | done | 61 | Card | 2 |" in shown
    assert "| quality-1 | failed | 61 | Card | 2 |" in shown
    assert "| lime-28 | not run |" in shown
    assert table.section(tmp_path / "none") == ""


def test_a_trial_is_not_shown_as_figures() -> None:
    assert command_line.TRIAL != command_line.RESULTS
    ignored = subprocess.run(["git", "check-ignore", "-q", command_line.TRIAL], cwd=ROOT)
    assert ignored.returncode == 0


def test_quality_trains_by_the_default_method() -> None:
    """But for D: both loops have the networks of the example."""
    defaults = Train().settings(replace(GanSection().method(), discriminator="dcgan"))
    ours = quality.SETTINGS
    assert replace(defaults, batch_size=ours.batch_size, epochs=1) == ours


def test_every_test_that_needs_a_gpu_is_marked() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path != Path(__file__):
            assert "cuda.is_available" not in path.read_text(), f"{path}: mark it as gpu"
