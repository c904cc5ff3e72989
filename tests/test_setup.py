"""`make setup` where something is missing: one clear line, and nothing that looks finished."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that set-up reads, and a folder `bin` that is looked into first."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "deploy").mkdir()
    for name in ("deploy/setup.sh", "deploy/uv.lock", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _program(project: Path, name: str, script: str) -> Path:
    path = project / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def _setup(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "deploy/setup.sh"],
        cwd=project,
        env=os.environ | {"PATH": path} | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )


def _refused(project: Path, done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr
    assert not (project / ".venv" / ".installed").exists()


def test_a_python_that_is_too_old(project: Path) -> None:
    old = _program(
        project, "old", 'case "$*" in *sys.exit*) exit 1;; *) echo 3.9.2;; esac'
    )  # answers what set-up asks as Python 3.9 would
    done = _setup(project, PYTHON=str(old))
    _refused(project, done, "3.11 or newer", "3.9.2")
    assert not (project / ".venv").exists()


def test_a_full_disk(project: Path) -> None:
    _program(project, "df", 'echo head; echo "/dev/x 100 90 1048576 90% /"')
    done = _setup(project, PYTHON=sys.executable)
    _refused(project, done, "10 GiB", "there are 1 GiB")
    assert not (project / ".venv").exists()


def test_no_network(project: Path) -> None:
    nowhere = "http://127.0.0.1:9/simple"
    done = _setup(
        project,
        PYTHON=sys.executable,
        PIP_INDEX_URL=nowhere,
        PIP_EXTRA_INDEX_URL=nowhere,
        PIP_CONFIG_FILE=os.devnull,
        PIP_NO_CACHE_DIR="1",
        PIP_RETRIES="0",
    )
    _refused(project, done, "network", ".venv-install.log")
    assert "uv" in (project / ".venv-install.log").read_text()


def test_what_is_complete_is_left_alone(project: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")], check=True
    )
    digest = subprocess.run(
        ["sha256sum", "requirements.lock"], cwd=project, capture_output=True, text=True, check=True
    ).stdout.split()[0]
    (project / ".venv" / ".installed").write_text(digest + "\n")
    done = _setup(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
