"""A stage ends with whoever started it: from its first moment on, in every shell."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml

from tasks.shared.parent import PARENT
from tests.harness import ROOT, environment, wait_for

SHELLS = [
    shell
    for name in ("sh", "dash", "bash", "zsh", "ksh", "fish", "tcsh")
    if (shell := shutil.which(name))
]
STAGE = """
import sys
sys.stdin.readline()
from tasks.shared import stage
stage.run(lambda events: print("at work", flush=True), "made_up")
"""
PARENT_OF = """
import os, subprocess, sys
told = {"GANATOMY_PARENT": str(os.getpid())} if sys.argv[2] == "told" else {}
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env=os.environ | told)
print(child.pid, flush=True)
child.wait()
"""
HANDS_ON = """
import os, subprocess, sys
from tasks.shared import parent
parent.hold()
child = "import os; print(os.environ['GANATOMY_PARENT'], os.getppid())"
subprocess.run([sys.executable, "-c", child], check=True)
"""
adopter_is_known = pytest.mark.skipif(
    os.getsid(0) == os.getsid(1), reason="here process 1 has begun this session"
)


def _python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment() | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("told", ["told", pytest.param("untold", marks=adopter_is_known)])
@pytest.mark.parametrize("killed", [True, False])
def test_a_stage_that_lost_its_parent_before_it_began_does_nothing(
    told: str, killed: bool, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    with said.open("w") as file:
        parent = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.argv[1:] = {[STAGE, told]!r}\n{PARENT_OF}"],
            cwd=tmp_path,
            env=environment() | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=file,
            text=True,
        )
    wait_for(lambda: said.read_text().endswith("\n"), 60, "the stage's process is there")
    child = psutil.Process(int(said.read_text()))
    assert parent.stdin is not None
    if killed:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    try:
        parent.stdin.write("begin\n")  # only now it imports anything of the project
        parent.stdin.close()
        wait_for(lambda: not _lives(child), 60, "the stage has ended")
    finally:
        if _lives(child):
            child.kill()
        parent.wait()
    assert said.read_text().endswith("at work\n") != killed


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_it_looks_for_its_parent_before_it_imports_anything_heavy() -> None:
    done = _python("-X", "importtime", "-m", "tasks.train", GANATOMY_PARENT="1")
    assert done.returncode == 1
    assert "tasks.shared.parent" in done.stderr
    assert "torch" not in done.stderr
    assert "Traceback" not in done.stderr


def test_importing_tasks_ties_nobody_to_his_parent() -> None:
    said = _python("-c", "import os, tasks; print(os.environ['GANATOMY_PARENT'])", **{PARENT: "1"})
    assert said.stdout == "1\n", said.stderr


def test_what_a_stage_starts_is_told_its_own_parent() -> None:
    told, parent = _python("-c", HANDS_ON).stdout.split()
    assert told == parent


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_hands_over_who_starts_the_stage(shell: str, tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\necho "${PARENT} $PPID $*"\n')
    fake.chmod(0o755)
    path = str(tmp_path) + os.pathsep + os.environ["PATH"]
    for name, entry in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items():
        command = entry["cmd"].replace("${item.shard}", "0")
        done = subprocess.run(
            [shell, "-c", command],
            env=environment() | {"PATH": path, PARENT: "7"},  # of a run further out
            capture_output=True,
            text=True,
            check=True,
        )
        told, parent, *rest = done.stdout.split()
        assert told == parent == str(os.getpid()), name
        assert rest == ["-m", f"tasks.{name}", *(["0"] if name == "retrain" else [])]
