"""The shell around every stage: exit codes, events, log, and an end with its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tasks.shared import stage
from tests.harness import ROOT, environment, wait_for

STAGE = """
import sys, time
from ganatomy.errors import InputError
from tasks.shared import stage
def main(events):
    events.progress(1, 2, "steps")
    events.metric("train/d_loss", 1, 0.5)
    print("printed", flush=True)
    {body}
stage.run(main, "made_up")
"""
NOTED = "e = ValueError('broken'); e.add_note('in section x'); raise e"
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(child.pid, flush=True)
time.sleep(60)
"""


def _run(code: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_ctrl_c_before_a_stage_runs_leaves_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "pydantic.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tasks.inputs"],
        cwd=ROOT,
        env=environment() | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""


def test_ctrl_c_reaches_a_stage_that_runs(tmp_path: Path) -> None:
    body = "import os, signal; os.kill(os.getpid(), signal.SIGINT); time.sleep(30)"
    for early in ("", "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)\n"):
        done = _run(early + STAGE.replace("{body}", body), tmp_path)
        assert done.returncode == 130
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("pass", 0, ""),
        ("raise InputError('no such thing', 'there', 'Do this.')", 2, "no such thing [there]. Do"),
        ("1 / 0", 1, "ZeroDivisionError"),
        (NOTED, 1, "ValueError: broken (in section x)"),
        ("sys.exit(7)", 7, ""),
    ],
)
def test_exit_codes(body: str, code: int, said: str, tmp_path: Path) -> None:
    done = _run(STAGE.replace("{body}", body), tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert ("Traceback" in done.stderr) == (code == 1)
    assert done.stdout == "printed\n"


def test_with_a_listener_it_speaks_to_files_only(tmp_path: Path) -> None:
    code = STAGE.replace("{body}", "1 / 0")
    done = _run(code, tmp_path, GANATOMY_RUN_DIR=str(tmp_path), DVC_STAGE="retrain@1")
    assert (done.stdout, done.stderr) == ("", "")
    log = (tmp_path / "retrain@1.log").read_text()
    assert "printed" in log
    assert "ZeroDivisionError" in log
    lines = (tmp_path / "retrain@1.events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["kind"] for event in events] == ["progress", "metric", "error"]
    assert events[1]["value"] == 0.5
    assert events[2]["exit_code"] == 1


@pytest.mark.parametrize(
    ("body", "lasting"), [("1 / 0", False), ("compile('(', '', 'exec')", True)]
)
def test_code_that_cannot_be_read_is_not_tried_again(
    body: str, lasting: bool, tmp_path: Path
) -> None:
    _run(STAGE.replace("{body}", body), tmp_path, GANATOMY_RUN_DIR=str(tmp_path), DVC_STAGE="made")
    last = json.loads((tmp_path / "made.events.jsonl").read_text().splitlines()[-1])
    assert (last["kind"], last["lasting"]) == ("error", lasting)


def test_a_second_process_of_a_stage_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    here = {"PYTHONPATH": str(ROOT)}
    (tmp_path / "dvc.yaml").write_text("stages: {made_up: {cmd: x}}")  # as where DVC starts it
    first = subprocess.Popen(
        [sys.executable, "-c", STAGE.replace("{body}", "sys.stdin.readline()")],
        cwd=tmp_path,
        env=environment() | here | {"DVC_STAGE": "made_up@1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "printed\n"
    second = STAGE.replace("stage.run", "stage._WAIT_FOR_LOCK_S = 0.1\nstage.run")
    # by hand, as `python -m tasks.made_up 1`
    by_hand = second.replace("import sys, time", "import sys, time; sys.argv = ['', '1']")
    done = _run(by_hand.replace("{body}", "pass"), tmp_path)
    other = _run(second.replace("{body}", "pass"), tmp_path, DVC_STAGE="made_up@2")
    follower = _run(
        second.replace("{body}", "pass"), tmp_path, DVC_STAGE="made_up@1", GANATOMY_FOLLOWER="3 4"
    )
    assert first.communicate("go on\n", timeout=60) == ("", None)
    assert first.returncode == 0
    assert done.returncode == 2
    assert f"process {first.pid} is at work on stage made_up@1" in done.stderr
    assert done.stdout == ""
    assert (other.returncode, follower.returncode) == (0, 0)
    again = _run(by_hand.replace("{body}", "pass"), tmp_path)  # the lock went with the process
    assert again.returncode == 0, again.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it polls, which takes longer")
def test_it_ends_with_a_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, STAGE.replace("{body}", "time.sleep(60)")],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    assert parent.stdout.readline() == "printed\n"  # it is at work
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    try:
        wait_for(lambda: not child.is_running(), 10, "the stage has ended")
    finally:
        if child.is_running():
            child.kill()


def test_sigterm_ends_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STAGE.replace("{body}", "time.sleep(60)")],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "printed\n"
    started = time.monotonic()
    process.terminate()
    assert process.wait(timeout=20) == 143
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_work_that_was_put_away_ends_as_by_its_signal(number: signal.Signals) -> None:
    def work() -> None:
        with stage.interruptible(LookupError) as should_stop:
            assert not should_stop()
            os.kill(os.getpid(), number)
            assert should_stop()
            raise LookupError("put away")

    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as end:
        work()
    assert end.value.code == 128 + number
    assert signal.getsignal(number) is before


def test_other_errors_are_not_taken_for_an_end() -> None:
    with pytest.raises(LookupError), stage.interruptible():
        raise LookupError("a fault")
