"""Where a training keeps its checkpoints, and which of them it may go on from.

They lie outside DVC's outs, which DVC removes before it runs a stage. Each training has a folder
named after everything that decides its numbers, so that one never goes on from another's.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganatomy.files import sha256_of, write_bytes
from ganatomy.gan.settings import Method
from tasks.shared import code
from tasks.shared.own_code import files_of
from tasks.shared.provenance import ENVIRONMENT, NETWORKS

CHECKPOINTS = Path(".ganatomy/checkpoints")
_FINISHED = "finished"
_INTERVAL_S = 60.0
_MAX_FOLDERS = 3  # of trainings that were broken off


def folder_for(stage: str, decides: dict[str, Any], files: list[Path]) -> Path:
    """Return the folder of a training: a new one, or that of the same training broken off before.

    Parameters
    ----------
    stage : str
        The stage, and after a dash which of its instances.
    decides : dict
        Plain values that decide its numbers: parameters, device, threads.
    files : list of Path
        Files that do: data, package versions, the user's own code. What the stage imports of ours
        is taken as well, by what it says.
    """
    ours = code.digests(Path(), stage.partition("-")[0])
    digest = hashlib.sha256(json.dumps([decides, ours], sort_keys=True).encode())
    for path in sorted(files):
        digest.update(f"{path}\0{sha256_of(path) if path.exists() else ''}\n".encode())
    folder = CHECKPOINTS / stage / digest.hexdigest()[:16]
    if (folder / _FINISHED).exists():
        shutil.rmtree(folder)  # it ended well: running it again means all of it
    others = [path for path in folder.parent.glob("*") if path != folder]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[: 1 - _MAX_FOLDERS or None]:
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def of_training(stage: str, decides: dict[str, Any], data: list[Path], method: Method) -> Path:
    """Give `folder_for` a training: its data, the packages, and the user's own networks count."""
    own = files_of(Path(), method.networks)
    return folder_for(stage, decides, [*data, ENVIRONMENT, NETWORKS, *own])


def every_minute() -> Callable[[], bool]:
    """Return a function that says once a minute that a checkpoint is due."""
    last_s = time.monotonic()

    def is_due() -> bool:
        nonlocal last_s
        now = time.monotonic()
        if now - last_s < _INTERVAL_S:
            return False
        last_s = now
        return True

    return is_due


def finish(folder: Path) -> None:
    """Note that the training ended well; its checkpoints stay to be looked at."""
    write_bytes(folder / _FINISHED, b"")
