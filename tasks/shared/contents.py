"""What files contain, read byte by byte: DVC itself believes size, time and mode.

DVC names a file by its MD5, and a folder by the MD5 of the list of its files' names and MD5s. Both
are computed here without DVC, so that a stage can ask whether it is given what dvc.lock promises.
"""

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ganatomy.errors import InputError
from tasks.shared.events import RUN_DIR
from tasks.shared.provenance import LOCK, PIPELINE

CACHE = Path(".dvc/cache/files/md5")
_BLOCK = 1 << 20
_LOCK_IS_WRITTEN_WITHIN_S = 10.0
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast


class Content(NamedTuple):
    """One file: its length in bytes and two digests, in hex."""

    size: int
    md5: str
    sha256: str


def read(path: Path) -> Content:
    """Read a file to its end."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            md5.update(block)
            sha256.update(block)
            size += len(block)
    return Content(size, md5.hexdigest(), sha256.hexdigest())


def read_output(root: Path, output: str) -> dict[str, Content]:
    """Read an output: name in it, with ``/``, to content; a file has the one name ``""``.

    What .dvcignore names does not count, as with DVC. An output that is not there is empty.
    """
    path = root / output
    if path.is_file():
        return {"": _read_if_possible(path)}
    ignored = _ignored(root)
    contents = {}
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in ignored]
        for name in names:
            if name not in ignored:
                file = Path(folder, name)
                if file.is_file():  # else a link to what is gone: missing
                    contents[file.relative_to(path).as_posix()] = _read_if_possible(file)
    return contents


def _read_if_possible(path: Path) -> Content:
    """A file that the disk does not give back has no content that anybody wrote."""
    try:
        return read(path)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return Content(path.stat().st_size, "unreadable", "unreadable")


def _ignored(root: Path) -> set[str]:
    path = root / ".dvcignore"
    return set(path.read_text().split()) if path.exists() else set()


def digest(contents: dict[str, Content]) -> str:
    """Return DVC's name for an output: an MD5, with ``.dir`` for a folder."""
    if "" in contents:
        return contents[""].md5
    return folder_digest({name: content.md5 for name, content in contents.items()})


def folder_digest(listing: dict[str, str]) -> str:
    """Return DVC's name for a folder, from name and MD5 of each of its files."""
    entries = [{"md5": md5, "relpath": name} for name, md5 in sorted(listing.items())]
    text = json.dumps(entries, sort_keys=True).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest() + ".dir"


def object_path(cache: Path, name: str) -> Path:
    """Return where DVC's cache keeps what has this digest."""
    return cache / name[:2] / name[2:]


def is_whole(path: Path, name: str) -> bool:
    """Say whether a cache object is there and is what its name says."""
    return path.is_file() and read(path).md5 == name.removesuffix(".dir")


def listing(cache: Path, name: str) -> dict[str, str] | None:
    """Return name and MD5 of each file of an output, by DVC's cache; None when it is not whole."""
    if not name.endswith(".dir"):
        return {"": name}
    path = object_path(cache, name)
    if not is_whole(path, name):
        return None
    return {entry["relpath"]: entry["md5"] for entry in json.loads(path.read_text())}


def differences(wanted: dict[str, str], outputs: dict[str, Content]) -> list[str]:
    """List names that are missing, too many, or of other content."""
    there = {name: content.md5 for name, content in outputs.items()}
    return sorted(name for name in wanted | there if wanted.get(name) != there.get(name))


def check_inputs(stage: str, root: Path = Path()) -> None:
    """Read what a stage is given, and compare it with what dvc.lock says was written.

    For stages that DVC starts by itself. In a run of `flows` this was done a moment before.

    Raises
    ------
    InputError
        A file is not the one that its stage wrote.
    """
    if "DVC_STAGE" not in os.environ or os.environ.get(RUN_DIR):
        return
    pipeline = yaml.load((root / PIPELINE).read_text(), _Loader)
    deps = pipeline["stages"][stage.partition("@")[0]].get("deps", [])
    for writer, outputs in _locked(root).items():
        for path, name in outputs.items():
            if any(_overlap(path, dep) for dep in deps):
                _check(root, writer, path, name)


def _check(root: Path, writer: str, path: str, name: str) -> None:
    contents = read_output(root, path)
    if not contents or digest(contents) == name:  # what is missing DVC misses, too
        return
    wanted = listing(root / CACHE, name)
    wrong = differences(wanted, contents) if wanted is not None else []
    raise InputError(
        f"not what stage {writer} wrote: its content is not the one in dvc.lock",
        ", ".join(join(path, each) for each in wrong[:3]) or path,
        "Run `python -m flows run`, which puts it right; or, if you changed it yourself, "
        f"`dvc commit {writer}`.",
    )


def join(output: str, name: str) -> str:
    """Return the path of a file in an output."""
    return f"{output}/{name}" if name else output


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _locked(root: Path) -> dict[str, dict[str, str]]:
    """Digest of every output by stage and path; waits while DVC is writing the file."""
    deadline = time.monotonic() + _LOCK_IS_WRITTEN_WITHIN_S
    while True:
        before = (root / LOCK).read_bytes() if (root / LOCK).exists() else b""
        try:
            stages = (yaml.load(before, _Loader) or {}).get("stages", {})
            outputs = {name: _outputs(entry.get("outs", [])) for name, entry in stages.items()}
        except (yaml.YAMLError, AttributeError, KeyError, TypeError):
            outputs = None  # half a file
        time.sleep(0.05)
        still = not (root / LOCK).exists() or (root / LOCK).read_bytes() == before
        if outputs is not None and still:
            return outputs
        if time.monotonic() > deadline:
            raise InputError(
                "cannot be read", str(LOCK), "Run `python -m flows run`, which sets it aside."
            )


def _outputs(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry["md5"] for entry in entries}
