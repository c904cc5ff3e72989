"""The quick way to know that inputs/ is right says what the long way says."""

import shutil
from pathlib import Path

import pytest

from tasks.inputs import files
from tests.harness import copy_project


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which `inputs` has just written its files."""
    project = copy_project(tmp_path_factory.mktemp("written") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        files.write(project)
    return project


@pytest.fixture
def project(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = shutil.copytree(written, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(project)
    return project


def _edit(project: Path, name: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if path.exists() else ""
    path.write_text(before.replace("seed: 0", "seed: 1") + "\nADDED = 1\n")


def test_nothing_is_parsed_where_nothing_has_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files.are_right(project)

    def refuse(*_: object) -> None:
        raise AssertionError("code was read anew")

    monkeypatch.setattr(files.code, "digests", refuse)
    assert files.are_right(project)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("ganatomy/gan/losses.py", False),
        ("inputs/code/train.json", False),
        ("inputs/code/of_no_stage.json", False),
        ("inputs/environment.json", False),
        ("inputs/one_too_many.json", False),
        ("flows/pipeline.py", True),
        ("README.md", True),
    ],
)
def test_what_has_changed_since_is_seen(project: Path, name: str, right: bool) -> None:
    assert files.are_right(project)
    _edit(project, name)
    assert files.are_right(project) == right == (files.differing(project) == [])


def test_a_comment_is_read_once_and_changes_nothing(project: Path) -> None:
    assert files.are_right(project)
    path = project / "ganatomy" / "gan" / "losses.py"
    path.write_text(path.read_text() + "# said\n")
    assert files.are_right(project)
    assert files.are_right(project)
