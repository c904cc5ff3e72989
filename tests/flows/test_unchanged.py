"""A run that has nothing to do: what it imports, what it reads, what it leaves."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.harness import digests, dvc, flows, outcomes, python

RUN = """
import json, sys
from pathlib import Path
sys.argv = ["flows", "run"]
from flows.__main__ import main
code = main()
names = ("torch", "prefect", "mlflow", "flows.pipeline")
print(json.dumps({"code": code, "imported": [name for name in names if name in sys.modules]}))
"""


@pytest.fixture
def finished(two_stages_done: Path) -> Path:
    """A project in which two stages have run."""
    dvc(two_stages_done, "status")  # DVC knows the copied files and their times now
    return two_stages_done


def _last(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / ".ganatomy" / "last.json").read_text())
    return found


def _run(project: Path) -> tuple[dict[str, Any], dict[str, str]]:
    done = python(project, "-c", RUN)
    assert done.returncode == 0, done.stderr
    told = outcomes(done)
    nothing_to_do = set(told.values()) == {"unchanged"}
    assert ("Nothing to do: all 3 stages are unchanged." in done.stderr) == nothing_to_do
    assert not (nothing_to_do and "on this machine" in done.stderr)  # so nothing was measured
    return json.loads(done.stdout.splitlines()[-1]), told


def test_it_needs_neither_prefect_nor_torch_and_is_recorded(finished: Path) -> None:
    first = _last(finished)
    runs = len(list((finished / ".ganatomy" / "runs").iterdir()))
    found, told = _run(finished)
    assert found["code"] == 0
    assert "mlflow" in found["imported"]  # the search finds what is there
    assert {"torch", "prefect", "flows.pipeline"}.isdisjoint(found["imported"])
    assert told == dict.fromkeys(("inputs", "fetch", "prepare"), "unchanged")
    last = _last(finished)
    assert last["name"] > first["name"]
    assert (last["status"], last["recorded"]) == ("FINISHED", True)
    folders = sorted((finished / ".ganatomy" / "runs").iterdir())
    assert len(folders) == runs + 1
    manifest = json.loads((folders[-1] / "manifest.json").read_text())
    assert {row["stage"] for row in manifest["files"]} == {
        "inputs",
        "fetch",
        "prepare",
    }
    client = MlflowClient(tracking_uri=f"sqlite:///{finished / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("ganatomy").experiment_id
    (parent,) = client.search_runs([experiment], f"attributes.run_name = '{last['name']}'")
    below = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    nested = client.search_runs([experiment], below)
    assert {run.data.tags["ganatomy.outcome"] for run in nested} == {"cached"}
    assert len(nested) == 3


def test_with_something_to_do_it_is_a_flow_with_one_folder(finished: Path) -> None:
    params = finished / "params.yaml"
    params.write_text(params.read_text().replace("test_fraction: 0.2", "test_fraction: 0.3"))
    runs = len(list((finished / ".ganatomy" / "runs").iterdir()))
    found, told = _run(finished)
    assert "flows.pipeline" in found["imported"]
    assert told == {"inputs": "unchanged", "fetch": "unchanged", "prepare": "done"}
    assert len(list((finished / ".ganatomy" / "runs").iterdir())) == runs + 1


def test_rot_that_dvc_does_not_see_is_found_and_put_right(finished: Path) -> None:
    before = digests(finished)
    image = max((finished / "data/prepared").rglob("*"), key=lambda path: path.stat().st_size)
    whole, times = image.read_bytes(), image.stat()
    image.chmod(0o644)
    with image.open("r+b") as file:  # the same file, size and times
        file.write(bytes([whole[0] ^ 1]))
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    image.chmod(times.st_mode)
    assert image.read_bytes() != whole
    found, told = _run(finished)
    assert found["code"] == 0
    assert told == dict.fromkeys(("inputs", "fetch", "prepare"), "unchanged")
    assert image.read_bytes() == whole
    assert digests(finished) == before


def test_a_named_server_that_is_away_is_told_even_then(finished: Path) -> None:
    done = flows(finished, "run", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 1
    assert "no Prefect server answers" in done.stderr
