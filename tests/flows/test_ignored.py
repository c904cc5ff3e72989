"""What git is not to see of a stage that the project's own .gitignore does not name."""

import subprocess
from pathlib import Path

import pytest
import yaml

from flows import clean, ignored
from tests.harness import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that ignores what this one does, with one output more."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    stages = {"brightness": {"cmd": "x", "outs": ["reports/brightness"]}}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for name in ("reports/brightness/metrics.json", "reports/notes/mine.md"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{}")
    return tmp_path


def _seen(project: Path) -> set[str]:
    ask = ["git", "status", "--porcelain", "-uall"]
    done = subprocess.run(ask, cwd=project, capture_output=True, text=True, check=True)
    return {line[3:] for line in done.stdout.splitlines()} - {".gitignore", "dvc.yaml"}


def test_a_new_stage_s_output_is_hidden_and_what_is_the_user_s_is_not(project: Path) -> None:
    assert _seen(project) == {"reports/brightness/metrics.json", "reports/notes/mine.md"}
    for _ in range(2):
        ignored.hide(project, ["reports/brightness"])
    assert _seen(project) == {"reports/notes/mine.md"}
    text = (project / "reports" / ".gitignore").read_text()
    assert text.splitlines() == ["/.gitignore", "/brightness"]


def test_what_the_project_names_itself_needs_no_file(project: Path) -> None:
    outs = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    named = [out for stage in outs.values() for out in stage.get("outs", [])]
    found = [next(iter(out)) if isinstance(out, dict) else out for out in named]
    assert "reports/gradcam" in found
    ignored.hide(project, [out.replace("${item.shard}", "0") for out in found])
    assert not list(project.glob("*/.gitignore"))


def test_lines_of_the_user_s_are_kept(project: Path) -> None:
    beside = project / "reports" / ".gitignore"
    beside.write_text("*.tmp\n")
    ignored.hide(project, ["reports/brightness"])
    assert beside.read_text().splitlines() == ["*.tmp", "/brightness"]


def test_clean_removes_it_with_the_output(project: Path) -> None:
    (project / ".ganatomy").mkdir()
    ignored.hide(project, ["reports/brightness"])
    clean.clean(project)
    assert [path.name for path in (project / "reports").iterdir()] == ["notes"]
