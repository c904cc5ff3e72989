"""What a run asks of DVC once more before it is FINISHED."""

import json
from pathlib import Path

import pytest
import yaml

from tests.flows.test_contents import SETTLE
from tests.harness import python


@pytest.mark.parametrize("lost", ["an entry", "the lock", "other parameters"])
def test_a_run_is_not_settled_while_dvc_lock_is_behind(two_stages_done: Path, lost: str) -> None:
    project = two_stages_done
    path = project / "dvc.lock"
    intact = path.read_text()
    document = yaml.safe_load(intact)
    if lost == "the lock":
        path.unlink()
    elif lost == "an entry":
        del document["stages"]["prepare"]
        path.write_text(yaml.safe_dump(document))
    else:  # as `git checkout dvc.lock` would leave it
        document["stages"]["prepare"]["params"]["params.yaml"]["prepare"]["test_fraction"] = 0.5
        path.write_text(yaml.safe_dump(document))
    done = python(project, "-c", SETTLE)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(intact)
    found = json.loads((project / ".ganatomy/runs/99991231T235959/manifest.json").read_text())
    assert {row["stage"] for row in found["files"]} == {"inputs", "fetch", "prepare"}
