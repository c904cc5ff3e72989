"""Runs that MLflow does not know whole yet, as folders: a JSON and a copy of what it points to.

A run is put here before its first stage starts and leaves when its record is complete, so that
whatever ends a run or a publication, a later run finds what is missing. A copy, because by then
the working folder holds another run's results.
"""

import contextlib
import filecmp
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from flows.contents import MANIFEST
from flows.entry import RunEntry
from flows.settings import RUNS, STATE
from ganatomy.files import write_json

SPOOL = STATE / "spool"
MAX_RUNS = 50
MAX_BYTES = 2**30
_COPIED = ("reports", "models/gan")
_RUN = "run.json"
_RESULTS = "results"


@dataclass(frozen=True)
class Load:
    """How much waits: runs, bytes on disk, and the oldest one's name."""

    num_runs: int
    num_bytes: int
    oldest: str


def folder_of(root: Path, entry: RunEntry) -> Path:
    """Where a run is written down."""
    return root / SPOOL / entry.id


def note(root: Path, entry: RunEntry) -> Path:
    """Write down a run as it stands; called again, replace what was written."""
    folder = folder_of(root, entry)
    write_json(folder / _RUN, entry.to_json())
    return folder


def complete(root: Path, entry: RunEntry) -> Path:
    """Write down a run that has ended, with its results.

    A file that an earlier waiting run holds with the same content takes no space again.
    """
    folder = folder_of(root, entry)
    earlier = [results_of(each) for each in waiting(root) if each != folder]
    partial = folder / f"{_RESULTS}.partial"
    sources = [source for name in _COPIED for source in sorted((root / name).rglob("*"))]
    try:
        for source in [*sources, manifest_of(root, entry)]:
            if source.is_file():
                inside = source.relative_to(root)
                _take(source, partial / inside, [each / inside for each in earlier])
        if partial.exists():
            partial.rename(folder / _RESULTS)
    except OSError:  # a full disk, say: without its results it has ended all the same
        shutil.rmtree(partial, ignore_errors=True)
        note(root, entry)
        raise
    return note(root, entry)  # last: it alone says that the run has ended


def manifest_of(root: Path, entry: RunEntry) -> Path:
    """Where a run that ended well lists all files that it stands for, with their digests."""
    return root / RUNS / entry.name / MANIFEST


def _take(source: Path, target: Path, same: list[Path]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for known in reversed(same):
        if known.is_file() and filecmp.cmp(source, known, shallow=False):
            with contextlib.suppress(OSError):  # not every file system has links
                os.link(known, target)
                return
    shutil.copy2(source, target)


def results_of(folder: Path) -> Path:
    """The folder below which a waiting run's `reports` and `models` are."""
    return folder / _RESULTS if (folder / _RESULTS).is_dir() else folder


def waiting(root: Path) -> list[Path]:
    """Folders of runs that are still to be published, oldest first."""
    spool = root / SPOOL
    if not spool.is_dir():
        return []
    return sorted(path for path in spool.iterdir() if not path.name.startswith("."))


def read(folder: Path) -> RunEntry:
    """The run that was written down."""
    entry = RunEntry.from_json(json.loads((folder / _RUN).read_text()))
    entry.id = entry.id or folder.name
    return entry


def last_sign_ms(folder: Path) -> int:
    """When the run was last written down, in Unix time."""
    return (folder / _RUN).stat().st_mtime_ns // 1_000_000


def remove(folder: Path) -> None:
    """Take a run out: at once, and not by halves if this is cut off."""
    if not folder.exists():
        return
    gone = folder.with_name(f".{folder.name}")
    folder.rename(gone)
    shutil.rmtree(gone)


def sweep(root: Path) -> None:
    """Delete what a removal, or a first note, that was cut off has left."""
    for path in (root / SPOOL).glob("*"):
        if path.name.startswith(".") or not (path / _RUN).exists():
            shutil.rmtree(path, ignore_errors=True)


def bound(root: Path, max_runs: int, max_bytes: int) -> list[str]:
    """Drop the oldest runs until the rest is within bounds; the newest always stays.

    Returns
    -------
    list of str
        The names of those that were dropped.
    """
    dropped = []
    while len(folders := waiting(root)) > 1:
        if len(folders) <= max_runs and _bytes_of(folders) <= max_bytes:
            break
        remove(folders[0])
        dropped.append(folders[0].name)
    return dropped


def load(root: Path) -> Load:
    """What waits now."""
    folders = waiting(root)
    return Load(len(folders), _bytes_of(folders), folders[0].name if folders else "")


def _bytes_of(folders: list[Path]) -> int:
    """On disk: a file that several runs share counts once."""
    sizes = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                found = path.stat()
                sizes[found.st_ino] = found.st_size
    return sum(sizes.values())
