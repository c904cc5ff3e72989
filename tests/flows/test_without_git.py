"""The graph is read whatever git says of the folder; what DVC itself lacks is named."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import adapter
from ganatomy.errors import InputError
from tests.harness import python

_RUN_FIRST = """
import os
from pathlib import Path
from flows import adapter, settings
root = Path.cwd()
settings.prepare(root)
os.environ["GANATOMY_RUN_DIR"] = str(root / ".ganatomy" / "runs" / "1")
Path(os.environ["GANATOMY_RUN_DIR"]).mkdir(parents=True)
first = adapter.graph(root)[0]
adapter.run_stage(root, first, Path(os.environ["GANATOMY_RUN_DIR"]))
"""


@pytest.fixture(autouse=True)
def _no_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def _unpacked(project: Path) -> None:
    shutil.rmtree(project / ".git")


def _ignored_by_the_user(project: Path) -> None:
    ignored = Path.home() / "ignored"
    ignored.write_text("*.lock\n")
    subprocess.run(["git", "config", "--global", "core.excludesFile", str(ignored)], check=True)


def _of_another_user(project: Path) -> None:
    os.environ["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1"
    if os.geteuid() == 0:
        os.chown(project / ".git", 65534, 65534)
        os.chown(project, 65534, 65534)


@pytest.mark.parametrize("state", [_unpacked, _ignored_by_the_user, _of_another_user])
def test_a_stage_runs_whatever_git_says(
    project: Path, state: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "0")
    state(project)
    done = python(project, "-c", _RUN_FIRST, HOME=str(Path.home()))
    assert done.returncode == 0, done.stderr
    assert "inputs:" in (project / "dvc.lock").read_text()


def test_a_missing_folder_of_dvc_is_named(project: Path) -> None:
    shutil.rmtree(project / ".dvc")
    with pytest.raises(InputError) as caught:
        adapter.graph(project)
    assert caught.value.where.endswith(".dvc")
    assert "dvc.yaml" not in str(caught.value)


def test_a_broken_configuration_of_dvc_is_named(project: Path) -> None:
    (project / ".dvc" / "config").write_text("[core\n")
    with pytest.raises(InputError) as caught:
        adapter.graph(project)
    assert caught.value.where == ".dvc/config"
    assert "dvc.yaml" not in str(caught.value)
