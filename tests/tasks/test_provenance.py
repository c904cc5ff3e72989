"""What a page says of its commit: the same on every machine; where there is none, git's reason."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.shared import provenance

# each alone has changed what `git diff` prints, or which files it lists
CONFIGURATIONS = {
    "diff.external": "/bin/true",
    "diff.noprefix": "true",
    "diff.mnemonicPrefix": "true",
    "diff.context": "0",
    "diff.algorithm": "histogram",
    "diff.renames": "copies",
    "diff.suppressBlankEmpty": "true",
    "diff.autoRefreshIndex": "false",
    "diff.relative": "false",
    "diff.text.textconv": "sort",
    "diff.text.command": "/bin/true",
    "color.ui": "always",
    "color.diff": "always",
    "core.autocrlf": "input",
    "core.quotePath": "false",
    "core.fileMode": "false",
    "core.excludesFile": "{home}/ignored",
    "core.attributesFile": "{home}/attributes",
    "status.showUntrackedFiles": "no",
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, in which everything is as committed."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "ignored").write_text("*.py\n*.lock\n")
    (home / "attributes").write_text("*.py diff=text\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    (root / "code.py").write_text("one = 1\n\ntwo = 2\n")
    (root / "moved.py").write_text("three = 3\nfour = 4\n")
    (root / "params.yaml").write_text("train:\n  epochs: 60\n")
    (root / ".gitignore").write_text("/data/\n")
    _git("init", "-q")
    _git("add", "-A")
    _git("commit", "-qm", "all")
    return root


def _git(*arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def _change(root: Path) -> None:
    (root / "code.py").write_text("one = 1\n\ntwo = 22\n")
    (root / "moved.py").rename(root / "elsewhere.py")
    (root / "größer name.py").write_text("untracked\n")


def test_a_commit_alone(project: Path) -> None:
    assert len(provenance.commit()) == 40
    assert provenance.changes() == "none"


def test_the_digest_does_not_depend_on_the_configuration(project: Path, tmp_path: Path) -> None:
    _change(project)
    os.utime(project / ".gitignore", (1, 1))  # touched, not changed
    plain = provenance.dirty_digest()
    assert plain.startswith("sha256 ")
    configuration = tmp_path / "home" / ".gitconfig"
    for names in (*([name] for name in CONFIGURATIONS), list(CONFIGURATIONS)):
        configuration.unlink(missing_ok=True)
        for name in names:
            _git("config", "--global", name, CONFIGURATIONS[name].format(home=tmp_path / "home"))
        assert provenance.dirty_digest() == plain, names


def _tracked(root: Path) -> None:
    (root / "code.py").write_text("changed\n")


def _untracked(root: Path) -> None:
    (root / "new.py").write_text("new\n")


def _deleted(root: Path) -> None:
    (root / "code.py").unlink()


def _linked(root: Path) -> None:
    (root / "link").symlink_to("code.py")


def _staged(root: Path) -> None:
    (root / "new.py").write_text("staged\n")
    _git("add", "new.py")


@pytest.mark.parametrize("change", [_tracked, _untracked, _deleted, _linked, _staged])
def test_every_change_counts(project: Path, change: Callable[[Path], None]) -> None:
    change(project)
    digest = provenance.dirty_digest()
    assert digest
    (project / "another.py").write_text("another\n")
    assert provenance.dirty_digest() != digest


def test_content_of_an_untracked_file_counts(project: Path) -> None:
    (project / "new.py").write_text("one\n")
    first = provenance.dirty_digest()
    (project / "new.py").write_text("two\n")
    assert provenance.dirty_digest() != first


def test_what_a_run_writes_does_not_count(project: Path) -> None:
    (project / "params.yaml").write_text("train:\n  epochs: 2\n")  # a profile
    (project / "dvc.lock").write_text("stages: {}\n")
    (project / "data").mkdir()
    (project / "data" / "images.npy").write_text("0")
    (project / "code.py").chmod(0o755)
    assert provenance.changes() == "none"


def test_a_folder_of_a_larger_repository_counts_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "inner").mkdir()
    (project / "inner" / "code.py").write_text("inner\n")
    _git("add", "-A")
    _git("commit", "-qm", "inner")
    (project / "code.py").write_text("changed outside\n")
    monkeypatch.chdir(project / "inner")
    assert provenance.changes() == "none"
    (project / "inner" / "code.py").write_text("changed\n")
    first = provenance.changes()
    (project / "inner" / "code.py").write_text("changed again\n")
    assert "none" != first != provenance.changes()


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "home")
    assert provenance.commit() == "none: not in a git repository"
    assert provenance.changes() == "unknown"


def test_nothing_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "home")
    _git("init", "-q")
    assert provenance.commit() == "none: nothing is committed yet"
    assert provenance.changes() == "unknown"


def test_no_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commit() == "none: git is not installed"


def test_a_folder_of_another_user(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert "belongs to another user" in provenance.commit()
    assert "safe.directory" in provenance.commit()
    assert provenance.changes() == "unknown"
    _git("config", "--global", "--add", "safe.directory", str(project))  # the remedy
    assert len(provenance.commit()) == 40


def test_another_reason_is_git_s_own(project: Path) -> None:
    (project / ".git" / "config").write_text("[broken\n")
    assert "bad config line 1" in provenance.commit()


def test_a_repository_around_an_unpacked_project_is_not_its_own(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = project / "downloads" / "ganatomy"
    inner.mkdir(parents=True)
    (inner / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(inner)
    assert provenance.commit() == "none: not in a git repository of its own"
