"""Remove what runs have made: the artifacts that dvc.yaml or dvc.lock names, and run state.

Never a whole tree: beside an artifact may lie what the user gave, such as images or a network.
"""

import os
import shutil
import sys
from pathlib import Path

from flows import ignored, processes
from flows.settings import STATE
from flows.spool import SPOOL
from ganatomy.errors import InputError
from tasks.shared.artifact_paths import UNFINISHED
from tasks.shared.given import artifacts

_KEPT = ("run.lock", SPOOL.name)  # what is held just now, and what waits to be recorded


def made(root: Path) -> list[Path]:
    """What there is of all that runs make below a project's folder, half-written things too."""
    found = {path for path in (root / STATE).glob("*") if path.name not in _KEPT}
    for out in (*artifacts(root), root / UNFINISHED):
        found.add(out)
        found |= {out.with_name(f".{out.name}.{kind}") for kind in ("partial", "old")}
        found |= set(out.parent.glob(f".{out.name}.*.partial"))
    return sorted(path for path in found if path.is_symlink() or path.exists())


def clean(root: Path) -> None:
    """Remove them, and folders that are empty then.

    Raises
    ------
    InputError
        A run is at work here.
    """
    with processes.only_run(root):
        _clean(root)


def _clean(root: Path) -> None:
    folders = {out.parent for out in artifacts(root)}
    for path in made(root):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for folder in folders:
        while folder != root and folder.is_dir() and not folder.is_symlink():
            _forget_ignored(folder)
            if any(folder.iterdir()):
                break
            folder.rmdir()
            folder = folder.parent


def _forget_ignored(folder: Path) -> None:
    """Remove the .gitignore that is kept beside artifacts, when it names nothing else."""
    path = folder / ignored.NAME
    if path.is_file():
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        lines = [line for line in lines if line != f"/{ignored.NAME}"]
        if all(line.startswith("/") and not os.path.lexists(folder / line[1:]) for line in lines):
            path.unlink()


if __name__ == "__main__":
    if not Path("dvc.yaml").is_file():
        sys.exit("error: no dvc.yaml here. Run from the project's folder.")
    try:
        clean(Path.cwd())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
