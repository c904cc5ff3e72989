"""Where a training keeps its checkpoints, and which of them it may go on from.

They lie outside DVC's outs, which DVC removes before it runs a stage. Each training has a folder
named after everything that decides its numbers, so that one never goes on from another's.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from ganatomy.files import sha256_of, write_bytes

CHECKPOINTS = Path(".ganatomy/checkpoints")
_CODE = ("ganatomy", "tasks")
_FINISHED = "finished"
_MAX_FOLDERS = 3  # of trainings that were broken off


def folder_for(stage: str, decides: dict[str, Any], files: list[Path]) -> Path:
    """The folder of a training: a new one, or that of the same training broken off before.

    Parameters
    ----------
    decides : dict
        Plain values that decide its numbers: parameters, device, threads.
    files : list of Path
        Files that do: data, package versions, the user's own code. Ours is taken as well.
    """
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode())
    code = [path for package in _CODE for path in Path(package).rglob("*.py")]
    for path in sorted([*code, *files]):
        digest.update(f"{path}\0{sha256_of(path) if path.exists() else ''}\n".encode())
    folder = CHECKPOINTS / stage / digest.hexdigest()[:16]
    if (folder / _FINISHED).exists():
        shutil.rmtree(folder)  # it ended well: running it again means all of it
    others = [path for path in folder.parent.glob("*") if path != folder]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[: 1 - _MAX_FOLDERS or None]:
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def finish(folder: Path) -> None:
    """Say that the training ended well; its checkpoints stay to be looked at."""
    write_bytes(folder / _FINISHED, b"")
