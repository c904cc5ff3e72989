"""A place that cannot be written to: named before anything is removed or computed."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows import params, writable
from ganatomy.errors import InputError
from tasks.shared import private
from tests.harness import copy_project, environment

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1
RUN = """
import os
from pathlib import Path
from flows import settings
root = Path.cwd()
settings.prepare(root)
from flows import adapter
run_dir = root / ".ganatomy" / "runs" / "99991231T235959"
run_dir.mkdir()
os.environ["GANATOMY_RUN_DIR"] = str(run_dir)
stage = next(stage for stage in adapter.graph(root) if stage.name == "prepare")
try:
    print(adapter.run_stage(root, stage, run_dir))
except adapter.StageFailed as error:
    print(error.exit_code, error)
print((run_dir / "prepare.log").exists())
"""


def _bits_count_for_root_too() -> None:
    """Without this capability root may do only what a folder's mode allows."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def _python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=_bits_count_for_root_too,
    )


def _run(project: Path) -> list[str]:
    done = _python(project, "-c", RUN)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_it_is_named_before_a_stage_computes(smoke: Path, tmp_path: Path) -> None:
    place = ".dvc/cache/files/md5"
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    (project / place).chmod(0o555)
    try:
        assert _run(project) == ["cached", "False"]  # nothing to write, nothing to complain of
        shutil.rmtree(project / ".ganatomy" / "runs" / "99991231T235959")
        params.apply(project, None, ["prepare.test_fraction=0.4"])
        before = sorted((project / "data" / "prepared").rglob("*"))
        said = _run(project)
    finally:
        (project / place).chmod(0o755)
    assert said == [
        f"2 stage prepare: cannot be written to (Permission denied) [{project / place}]. "
        "Make it writable, or give it space.",
        "False",  # it did not begin
    ]
    assert sorted((project / "data" / "prepared").rglob("*")) == before


@pytest.mark.parametrize("place", [".", ".dvc/tmp"])
def test_it_is_named_before_a_run_starts(tmp_path: Path, place: str) -> None:
    project = copy_project(tmp_path / "project")
    private.shield(project)
    (project / ".dvc" / "tmp").mkdir()
    params = (project / "params.yaml").read_bytes()
    (project / place).chmod(0o555)
    done = _python(project, "-m", "flows", "run", "--profile", "smoke")
    (project / place).chmod(0o755)
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot be written to (Permission denied) [")
    assert done.stderr.count("\n") == 1
    assert (project / "params.yaml").read_bytes() == params
    assert not (project / ".prefect").exists()


def test_a_folder_that_is_still_to_be_made_needs_its_parent(tmp_path: Path) -> None:
    writable.demand([tmp_path / "a" / "b"])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="cannot be written to"):
        writable.demand([Path("/proc/1/no/such")])
