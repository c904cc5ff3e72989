"""A copy of the project that a test may run, kill and damage."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parent.parent
_ONE_AFTER_THE_OTHER = """
import runpy, sys
for command in sys.argv[1:]:
    sys.argv = command.split()
    try:
        runpy.run_module(f"tasks.{sys.argv[0]}", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
"""


def copy_project(target: Path) -> Path:
    """The files that git knows or would know, committed in a repository of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if name != "dvc.lock" and (ROOT / name).is_file():  # nothing has run in a copy
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "copy"]):
        subprocess.run([*git, *command], cwd=target, check=True)
    return target


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Have whoever comes first, of all processes, make what is in a folder; the others wait.

    What failed half-way is begun anew by the next.
    """
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder.with_name(f"{folder.name}.made")
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            made.touch()
    return folder


def environment() -> dict[str, str]:
    """The caller's environment without what would lead out of the copy.

    Nor does it keep SHELL: DVC then starts stages by /bin/sh, as it does under cron or in CI.
    """
    led_out = ("PREFECT_", "MLFLOW_", "GANATOMY_", "DVC_", "MPL", "TORCHINDUCTOR_", "SHELL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(led_out)}
    python = str(Path(sys.executable).parent)  # dvc.yaml says `python`
    return kept | {"PATH": python + os.pathsep + kept.get("PATH", "")}


def elsewhere(folder: Path) -> dict[str, str]:
    """Variables that make fresh folders below `folder` the user's home, cache, temporary files."""
    names = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    names += ("XDG_STATE_HOME", "XDG_RUNTIME_DIR")
    for name in names:
        (folder / name).mkdir(parents=True)
    return {name: str(folder / name) for name in names}


def python(
    project: Path, *arguments: str, timeout_s: int = 400, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the interpreter in a project to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment() | variables,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def flows(
    project: Path, *arguments: str, timeout_s: int = 400, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m flows` in a project to its end."""
    return python(project, "-m", "flows", *arguments, timeout_s=timeout_s, **variables)


def stages(project: Path, *commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run stages, as ``retrain 0``, up to the first that fails.

    One process runs them all: importing the packages takes longer than a small stage.
    """
    return python(project, "-c", _ONE_AFTER_THE_OTHER, *commands, **variables)


def dvc(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run DVC's own command line in a project to its end; it must succeed."""
    done = python(project, "-m", "dvc", *arguments)
    assert done.returncode == 0, done.stderr
    return done


def start_flows(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `python -m flows` in a project and a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows", *arguments],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What a run said of each stage: done, unchanged, restored from the run cache, failed."""
    found = {}
    for line in done.stderr.splitlines():
        stage, _, rest = line.partition(" ")
        ended = re.fullmatch(r"(?P<text>.+), [\d.]+ s(; .*)?", rest.strip())
        if ended:
            found[stage] = ended["text"]
    return found


def digests(project: Path) -> dict[str, str]:
    """MD5 of every artifact by path, from dvc.lock."""
    stages = yaml.safe_load((project / "dvc.lock").read_text())["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}


def living(project: Path) -> list[psutil.Process]:
    """Processes whose working folder is the project."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == project:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def wait_for(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until something holds, or fail with its name."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {timeout_s} s: {what}"
        time.sleep(0.2)


def stage_is_training(project: Path, stage: str) -> bool:
    """Whether the newest run's stage has told of its progress."""
    runs = sorted((project / ".ganatomy" / "runs").glob("*"))
    path = runs[-1] / f"{stage}.events.jsonl" if runs else None
    return path is not None and path.exists() and '"progress"' in path.read_text()


def kill_during(project: Path, stage: str, number: signal.Signals, *arguments: str) -> int:
    """Start a run, signal it once `stage` is at work, and return its exit code."""
    runs = project / ".ganatomy" / "runs"
    before = set(runs.glob("*")) if runs.exists() else set()
    process = start_flows(project, "run", *arguments)
    try:
        wait_for(
            lambda: set(runs.glob("*")) != before and stage_is_training(project, stage),
            120,
            f"{stage} at work",
        )
        process.send_signal(number)
        process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode
