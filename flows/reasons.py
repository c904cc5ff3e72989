"""Why a stage would run, in words: what DVC says, and what has moved in inputs/."""

import hashlib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from ganatomy.files import json_bytes, read_json
from tasks.shared.code import CODE
from tasks.shared.contents import CACHE, is_whole, object_path

_NAMED = 3  # of the files of one stage that moved; the rest is counted


def of_dvc(entries: list[Any], but_for: Container[str] = ()) -> list[str]:
    """What DVC says of a stage, without what it says of the files `but_for`."""
    found = []
    for entry in entries:
        if isinstance(entry, str):
            found += [entry] if entry != "always changed" else []
            continue
        for kind, changes in entry.items():
            for path, change in changes.items():
                if path in but_for:
                    continue
                if isinstance(change, dict):
                    found += [f"{word} {key}" for key, word in change.items()]
                else:
                    where = "output " if kind == "changed outs" else ""
                    found.append(f"{change} {where}{path}")
    return found


def of_inputs(root: Path, path: str, then: str | None, now: dict[str, Any]) -> list[str]:
    """Reasons for a stage to run; none where the file is the one that the stage was run by.

    Parameters
    ----------
    path : str
        Below `root`.
    then : str or None
        MD5 of the file by which the stage was run; None if it did not need it.
    now : dict
        What the file is to contain.
    """
    if then == _md5(json_bytes(now)):
        return []
    before = None if then is None else _content(root, path, then)
    if before is None:
        return [f"{'new' if then is None else 'modified'} {path}"]
    changes = list(_changes(before, now))
    more = len(changes) - _NAMED
    if CODE in Path(path).parents:  # keys are files
        rest = [f"and {more} more files"] if more > 0 else []
        return [f"{word} {name}" for word, name in changes[:_NAMED]] + rest
    named = ", ".join([key for _, key in changes[:_NAMED]] + ["..."] * (more > 0))
    return [f"modified {path} ({named})"]


def to_write(root: Path, inputs: dict[Path, dict[str, Any]]) -> list[str]:
    """Files that are not there, or not as they are to be."""
    return [
        f"{'modified' if (root / path).exists() else 'new'} {path}"
        for path, value in sorted(inputs.items())
        if not (root / path).is_file() or (root / path).read_bytes() != json_bytes(value)
    ]


def _content(root: Path, path: str, digest: str) -> Any:
    """The file of a digest, from where it lies or from DVC's cache; None when it is gone."""
    for place in (root / path, object_path(root / CACHE, digest)):
        if is_whole(place, digest):
            return read_json(place)
    return None


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A word and a key for each value that is another; keys of keys have a blank between."""
    for key in sorted(before | now):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) or isinstance(new, dict):
            sides = [value if isinstance(value, dict) else {} for value in (old, new)]
            yield from ((word, f"{key} {name}") for word, name in _changes(*sides))
        elif old != new:
            word = "modified" if key in before and key in now else "new"
            yield (word if key in now else "deleted"), key


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
