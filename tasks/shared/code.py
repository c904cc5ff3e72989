"""The code of each stage: every file of ours that it imports, and a digest of what it says.

DVC does not follow imports. `inputs` writes one file for each stage, and dvc.yaml has one line of
code for it: an edited loss retrains, a comment, or the page's colour, does not.
"""

import os
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.files import read_json
from tasks.shared.closure import Sources
from tasks.shared.provenance import INPUTS

CODE = INPUTS / "code"
PACKAGES = ("ganatomy", "tasks")


def file_of(stage: str) -> Path:
    """Return where `inputs` leaves the digests of a stage's code."""
    return CODE / f"{stage}.json"


def digests(root: Path, stage: str, sources: Sources | None = None) -> dict[str, str]:
    """Digest each file of ours that a stage imports, by its path below `root`.

    Parameters
    ----------
    sources : Sources, optional
        What has been read of the files below `root` for other stages.
    """
    sources = sources or Sources(root)
    run = [f"tasks.{stage}", f"tasks.{stage}.__main__"]
    return {
        name: sources.digest(name) for name in sorted(sources.closure(run, PACKAGES.__contains__))
    }


def check(stage: str) -> None:
    """Refuse to compute by other code than DVC will note down for the result.

    For a stage that DVC has started, once it has imported what it needs.

    Raises
    ------
    InputError
        A file has been edited since `inputs` wrote down what it says.
    """
    if "DVC_STAGE" not in os.environ or not file_of(stage).exists():
        return
    then, now = read_json(file_of(stage)), digests(Path(), stage)
    edited = sorted(name for name in then | now if then.get(name) != now.get(name))
    if edited:
        raise InputError(
            f"edited since {file_of(stage)} was written, by which results are known",
            ", ".join(edited[:3]),
            "Run `dvc repro` or `python -m flows run` again: finished stages are kept.",
        )
