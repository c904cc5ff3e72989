"""Who and what made a run, as MLflow's page shows it, and which profile it was told."""

import getpass
from pathlib import Path

from flows import params
from flows.mlflow_names import COMMIT_TAG, PROFILE_TAG, SOURCE_TAG, SOURCE_TYPE_TAG, USER_TAG
from tasks.shared import provenance

_SOURCE = "flows/pipeline.py"


def tags(root: Path) -> dict[str, str]:
    """Tags of a run, known before it starts."""
    commit = provenance.commit()
    found = {
        USER_TAG: _user(),
        SOURCE_TAG: _SOURCE,
        SOURCE_TYPE_TAG: "LOCAL",
        PROFILE_TAG: params.nearest_profile(root, params.told_document()),
    }
    return found if commit.startswith("none") else found | {COMMIT_TAG: commit}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in containers
        return "unknown"
