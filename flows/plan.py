"""What a run would be started with, without a change to any file of the project."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import params
from ganatomy.files import write_bytes
from tasks.inputs import files
from tasks.params.section import PARAMS_FILE


@dataclass(frozen=True)
class Plan:
    """What a run would change before its first stage.

    Attributes
    ----------
    changes : list of str
        One line for each value of params.yaml.
    inputs : dict
        What stage `inputs` would write, by path.
    folder : Path
        A folder of the plan's own, gone after it.
    """

    changes: list[str]
    inputs: dict[Path, dict[str, Any]]
    folder: Path


@contextmanager
def planned(root: Path, profile: str | None, assignments: list[str]) -> Iterator[Plan]:
    """Within the block what would be params.yaml is what is read for it."""
    text, changes = params.would_be(root, profile, assignments)
    scratch = root / ".dvc" / "tmp"  # DVC's own, which git and DVC leave alone
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plan-", dir=scratch) as folder:
        path = Path(folder) / PARAMS_FILE
        write_bytes(path, (root / PARAMS_FILE).read_bytes() if text is None else text.encode())
        with params.told(path):
            yield Plan(changes, files.wanted(root), Path(folder))
