"""Outputs and cache objects that are not what dvc.lock says: found, moved away, put right.

DVC is given in, not imported: `flows.adapter` knows it.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.settings import RUNS, STATE
from ganatomy.errors import InputError
from ganatomy.files import read_json, write_bytes
from tasks.shared import contents
from tasks.shared.contents import Content

QUARANTINE = STATE / "quarantine"
MANIFEST = "manifest.json"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Output:
    """What a stage wrote, and its digest in dvc.lock."""

    stage: str
    path: str
    digest: str


class Damaged(Exception):
    """An output is not what its stage wrote, and no whole copy of it is left."""

    def __init__(self, output: Output, names: list[str]) -> None:
        super().__init__(", ".join(contents.join(output.path, name) for name in names[:3]))
        self.output = output


def quarantine(root: Path, path: Path, move: bool = True) -> Path:
    """Move something away, or copy it, that is not what it should be; return where it is now."""
    where = path.relative_to(root) if path.is_relative_to(root) else Path(*path.parts[-3:])
    target = root / QUARANTINE / time.strftime("%Y%m%dT%H%M%S") / where
    while os.path.lexists(target):
        target = target.with_name(f"{target.name}.again")
    target.parent.mkdir(parents=True, exist_ok=True)
    if move:
        shutil.move(path, target)
    else:
        with suppress(FileNotFoundError):  # a link to what is gone
            shutil.copy2(path, target)
    return target


class Keeper:
    """Puts outputs right from the cache of one opened repository.

    Parameters
    ----------
    repo : dvc.repo.Repo
        Its lock has to be held.
    tell : callable
        Takes a sentence for the user.
    """

    def __init__(self, repo: Any, root: Path, tell: Tell) -> None:
        self._repo = repo
        self._root = root
        self._tell = tell
        self._cache = Path(repo.cache.local.path)
        self._pulled: set[str] = set()
        self.num_bad_objects = 0

    def has_remote(self) -> bool:
        """Whether there is somewhere to pull from."""
        return bool(self._repo.config["core"].get("remote"))

    def object_is_whole(self, name: str) -> bool:
        """Read a cache object; one that is not what its name says is moved away and named."""
        path = contents.object_path(self._cache, name)
        if contents.is_whole(path, name):
            return True
        if path.exists():
            self.num_bad_objects += 1
            self.move_away(path, "damaged in DVC's cache")
        return False

    def move_away(self, path: Path, what: str, move: bool = True) -> None:
        """Quarantine something and say so."""
        shown = path.relative_to(self._root) if path.is_relative_to(self._root) else path
        there = quarantine(self._root, path, move).relative_to(self._root)
        self._tell(f"{shown}: {what}; it is now {there}")

    def mend(self, output: Output) -> dict[str, Content]:
        """Read an output in full and give its content; put back from the cache what differs.

        Raises
        ------
        Damaged
            It cannot be put back. What differs has been moved away: DVC sees that it is missing.
        """
        found = contents.read_output(self._root, output.path)
        if contents.digest(found) == output.digest:
            return found
        wanted = self._listing(output)
        wrong = [""] if wanted is None else contents.differences(wanted, found)
        if wanted is not None and self._put_back(output, wanted, wrong):
            found = contents.read_output(self._root, output.path)
            if contents.digest(found) == output.digest:
                self._tell(f"{output.path}: put back from DVC's cache")
                return found
        for name in wrong:
            path = self._root / contents.join(output.path, name)
            if os.path.lexists(path):
                self.move_away(path, f"not what stage {output.stage} wrote")
        raise Damaged(output, wrong)

    def _put_back(self, output: Output, wanted: dict[str, str], wrong: list[str]) -> bool:
        """Replace files in one step each, for somebody may be reading them."""
        if not all(self._at_hand(wanted[name], output) for name in wrong if name in wanted):
            return False
        for name in wrong:
            path = self._root / contents.join(output.path, name)
            if os.path.lexists(path):
                what = f"not what stage {output.stage} wrote"
                self.move_away(path, what, move=name not in wanted)
            if name in wanted:
                write_bytes(path, contents.object_path(self._cache, wanted[name]).read_bytes())
        return True

    def _listing(self, output: Output) -> dict[str, str] | None:
        if self._at_hand(output.digest, output):
            return contents.listing(self._cache, output.digest)
        return next(_known_listings(self._root, output), None)

    def _at_hand(self, name: str, output: Output) -> bool:
        if self.object_is_whole(name):
            return True
        if self.has_remote() and output.stage not in self._pulled:
            self._pulled.add(output.stage)
            try:
                self._repo.fetch(targets=[output.stage])
            except Exception as error:  # whatever a remote does: there is another way
                self._tell(f"the remote gave nothing for {output.path}: {error}")
        return self.object_is_whole(name)


def distrust(
    repo: Any,
    keeper: Keeper,
    inputs: Callable[[Any], list[Output]],
    dvc: Any,
    go_on: Callable[[], None],
) -> None:
    """Let DVC restore only what was read and found whole, and compute only from what was.

    Parameters
    ----------
    inputs : callable
        The outputs that a stage of DVC's reads.
    dvc : module
        dvc.stage.cache.
    go_on : callable
        Raises where a stage must not begin any more: waiting and reading take their time.
    """
    cache = repo.stage_cache
    restore, create, load = cache.restore, cache._create_stage, cache._load_cache

    def restore_what_is_whole(stage: Any, **options: Any) -> Any:
        with _read_in_full(repo.cache.local, keeper):
            try:
                return restore(stage, **options)
            except dvc.RunCacheNotFoundError:
                if keeper.num_bad_objects and keeper.has_remote():
                    with suppress(Exception):  # whatever a remote does: it can be computed
                        return restore(stage, **options | {"pull": True})
                for output in inputs(stage):  # it is going to be computed
                    keeper.mend(output)
                go_on()
                raise

    def create_from_what_is_whole(entry: dict[str, Any], wdir: str | None = None) -> Any:
        for out in entry["outs"]:
            keeper.object_is_whole(out["md5"])  # DVC reads a folder's list before it checks it
        return create(entry, wdir=wdir)

    def load_what_is_whole(key: str, value: str) -> Any:
        entry = load(key, value)
        if entry is None or dvc._get_cache_hash(entry) == value:
            return entry
        keeper.move_away(Path(cache._get_cache_path(key, value)), "damaged in DVC's run cache")
        return None

    cache.restore = restore_what_is_whole
    cache._create_stage = create_from_what_is_whole
    cache._load_cache = load_what_is_whole


@contextmanager
def _read_in_full(store: Any, keeper: Keeper) -> Iterator[None]:
    """DVC's own check believes every object of mode 0444."""
    check = store.check

    def check_content(oid: str, *arguments: Any, **options: Any) -> Any:
        if not keeper.object_is_whole(oid):
            raise FileNotFoundError(store.oid_to_path(oid))
        return check(oid, *arguments, **options)

    store.check = check_content
    try:
        yield
    finally:
        store.check = check


def manifest(read: dict[Output, dict[str, Content]]) -> list[dict[str, Any]]:
    """One row for each file of a run, as the run's manifest has it."""
    return [
        {"stage": output.stage, "output": output.path, "digest": output.digest, "name": name}
        | content._asdict()
        for output, found in sorted(read.items(), key=lambda each: each[0].path)
        for name, content in sorted(found.items())
    ]


def unlike_before(root: Path, rows: list[dict[str, Any]]) -> str | None:
    """A file with the MD5 of one of an earlier run and another SHA-256; None when there is none."""
    known = {row["md5"]: row["sha256"] for rows in _manifests(root) for row in rows}
    for row in rows:
        if known.get(row["md5"], row["sha256"]) != row["sha256"]:
            return contents.join(row["output"], row["name"])
    return None


def _manifests(root: Path) -> Iterator[list[dict[str, Any]]]:
    """Those of earlier runs, newest first; one that cannot be read is none."""
    for path in sorted((root / RUNS).glob(f"*/{MANIFEST}"), reverse=True):
        try:
            yield read_json(path)["files"]
        except (InputError, KeyError, TypeError):
            continue


def _known_listings(root: Path, output: Output) -> Iterator[dict[str, str]]:
    """The list of an output's files from earlier manifests, where it is the one of its digest."""
    for rows in _manifests(root):
        listing = {row["name"]: row["md5"] for row in rows if row["output"] == output.path}
        if output.digest in (contents.folder_digest(listing), listing.get("")):
            yield listing
