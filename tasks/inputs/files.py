"""The files of `inputs`: what they are to contain, and which of them say something else."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from tasks.inputs import fingerprint
from tasks.inputs.environment import outside
from tasks.shared import code
from tasks.shared.closure import Sources
from tasks.shared.given import check_apart
from tasks.shared.provenance import INPUTS

STAGE = "inputs"


def wanted(root: Path) -> dict[Path, dict[str, Any]]:
    """Return the content that each file should have now, by its path below `root`.

    Raises
    ------
    InputError
        A parameter is wrong, or what the user gives lies where runs write.
    """
    check_apart(root)
    sources = Sources(root)
    return dict(outside(root)) | {
        code.file_of(stage): code.digests(root, stage, sources) for stage in _stages(root)
    }


def differing(root: Path) -> list[Path]:
    """List files that are missing, too many, or of another content, by their paths below `root`."""
    contents = wanted(root)
    wrong = {path for path, value in contents.items() if _read(root / path) != value}
    return sorted(wrong | _too_many(root, contents))


def are_right(root: Path) -> bool:
    """Say whether `differing` would find nothing; quick where neither code nor files changed.

    Raises
    ------
    InputError
        As `wanted`.
    """
    if not fingerprint.is_known(root):
        right = not differing(root)
        if right:
            fingerprint.keep(root)
        return right
    check_apart(root)
    contents = dict(outside(root))
    kept = {*contents, *(code.file_of(stage) for stage in _stages(root))}
    return not _too_many(root, kept) and all(
        _read(root / path) == value for path, value in contents.items()
    )


def write(root: Path) -> None:
    """Write the files where their content changed, and remove those of stages that are gone."""
    contents = wanted(root)
    for path, value in contents.items():
        if _read(root / path) != value:
            write_json(root / path, value)
    for path in _too_many(root, contents):
        if (root / path).is_dir() and not (root / path).is_symlink():
            shutil.rmtree(root / path)
        else:
            (root / path).unlink(missing_ok=True)


def _stages(root: Path) -> list[str]:
    """Names of the stages that depend on their code: all others than this one."""
    stages = {path.parent.name for path in (root / "tasks").glob("*/__main__.py")}
    return sorted(stages - {STAGE})


def _too_many(root: Path, contents: Iterable[Path]) -> set[Path]:
    kept = {parent for path in contents for parent in (path, *path.parents)}
    return {path.relative_to(root) for path in (root / INPUTS).rglob("*")} - kept


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except (InputError, OSError):
        return None  # missing or damaged: it is to be written
