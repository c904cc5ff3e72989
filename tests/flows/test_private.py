"""What runs write stays in the project, closed to other users."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from tasks.shared import private
from tests.harness import elsewhere, python


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _files(folder: Path) -> list[str]:
    """Everything that was put into the folders of `elsewhere`."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/**/*"))


def _open_to_others(folder: Path) -> list[str]:
    umask = os.umask(0o022)
    os.umask(umask)
    forbidden = 0o002 | (0o020 & umask)  # what the user's own umask lets the group do is his affair
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not path.is_symlink() and _mode(path) & forbidden
    ]


def test_runs_write_nothing_outside_the_project(smoke: Path, outside: Path) -> None:
    assert len(list(outside.iterdir())) == 7
    assert _files(outside) == []
    assert list((smoke / ".ganatomy" / "matplotlib").iterdir())  # it did have something to write


def test_runs_leave_nothing_that_others_can_write(smoke: Path) -> None:
    assert _mode(smoke / ".ganatomy") == 0o700
    assert list((smoke / ".ganatomy" / "dvc" / "repo").iterdir())
    assert _open_to_others(smoke) == []


def test_a_plain_dvc_keeps_its_state_in_the_project(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    kept = project / ".ganatomy" / "dvc" / "repo"
    before = set(kept.iterdir())
    variables = elsewhere(tmp_path / "outside")
    done = python(project, "-m", "dvc", "status", **variables)
    assert done.returncode == 0, done.stderr
    assert len(set(kept.iterdir()) - before) == 1  # named after the copy's own path
    assert _files(tmp_path / "outside") == []
    assert _mode(project / ".ganatomy") == 0o700


def test_what_was_open_is_closed_and_what_dvc_had_there_is_not_read(tmp_path: Path) -> None:
    planted = tmp_path / ".ganatomy" / "dvc" / "repo" / "token" / "planted.pickle"
    kept = tmp_path / ".ganatomy" / "runs" / "kept"
    for path in (planted, kept):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    (tmp_path / ".ganatomy").chmod(0o777)
    private.shield(tmp_path)
    assert kept.exists()
    assert not planted.exists()
    for folder in (".ganatomy", ".ganatomy/dvc", ".ganatomy/dvc/repo"):
        assert _mode(tmp_path / folder) == 0o700


def test_what_was_closed_is_kept(tmp_path: Path) -> None:
    private.shield(tmp_path)
    state = tmp_path / ".ganatomy" / "dvc" / "repo" / "token"
    state.mkdir()
    private.shield(tmp_path)
    assert state.exists()


def test_a_variable_of_the_user_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", "/his/own")
    monkeypatch.delenv("DVC_SITE_CACHE_DIR", raising=False)
    private.point_tools_here(tmp_path)
    assert os.environ["MPLCONFIGDIR"] == "/his/own"
    assert os.environ["DVC_SITE_CACHE_DIR"] == str(tmp_path / ".ganatomy" / "dvc")
