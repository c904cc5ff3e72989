"""What lies in a folder of the user's: every file is an image, refused by name, or counted by kind.

No torch and no decoder here: whoever only has to know whether the folder has changed uses it too.
"""

import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ganatomy.data.formats import HEAD_BYTES, PICTURE_SUFFIXES, format_of, refusal_of

# of file servers, archivers and waste bins: thumbnails, forks of files, what is deleted
SYSTEM_FOLDERS = ("@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN", "System Volume Information")
_LONGEST_SUFFIX = 12
_MAX_KINDS = 20
_Parts = tuple[str, ...]
_LEADS_OUT = "a link that leads out of the folder: `follow_links=True` follows such links"
_SPECIAL = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True)
class Entry:
    """Something in the folder that is no folder itself.

    Attributes
    ----------
    name : str
        Its path relative to the folder, with ``/``, in characters that can be shown.
    path : Path
    refused : str
        Why it is not even opened; "" when it is a file that may be.
    kind : str
        What it is counted as without being opened: ``hidden``, ``in @eaDir`` and the like, or
        ``link to a folder beside``.
    """

    name: str
    path: Path
    refused: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Survey:
    """A folder's content.

    Attributes
    ----------
    images : list of Entry
        Files that begin as one of `FORMATS` does, sorted by path.
    refused : list of dict
        ``file`` and ``reason`` of what is or is called a picture and cannot be used, and of what
        cannot be looked at.
    others : dict of str to int
        How many other files there are, by kind: their suffix, ``hidden``, or ``in @eaDir`` and the
        like.
    """

    images: list[Entry] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)


class _Folder(NamedTuple):
    path: Path
    real: str
    parts: _Parts
    hidden: str  # what all below it is counted as; "" where it is looked at


def survey(root: Path, follow_links: bool) -> Survey:
    """Sort a folder's files by what they hold; their names decide only what is worth a message."""
    images, refused, others = [], [], Counter[str]()
    for entry in walk(root, follow_links):
        if entry.kind:
            others[entry.kind] += 1
            continue
        reason, kind = (entry.refused, "") if entry.refused else _look(entry.path)
        if kind:
            others[kind] += 1
        elif reason:
            refused.append({"file": entry.name, "reason": reason})
        else:
            images.append(entry)
    return Survey(images, refused, _most_common(others))


def _most_common(others: Counter[str]) -> dict[str, int]:
    """Few enough kinds to show; suffixes may be numbers."""
    kept = dict(others.most_common(_MAX_KINDS))
    if rest := others.total() - sum(kept.values()):
        kept["other"] = kept.get("other", 0) + rest
    return dict(sorted(kept.items()))


def walk(root: Path, follow_links: bool) -> list[Entry]:
    """List what lies below a folder, sorted by path, each folder once.

    Parameters
    ----------
    root : Path
    follow_links : bool
        Follow links that lead out of `root`. Links to files inside are always followed; those to
        folders inside lead to what is listed anyway.
    """
    home = os.path.realpath(root)
    read_as = {home: "."}
    entries: list[tuple[_Parts, Entry]] = []
    waiting = [_Folder(root, home, (), "")]  # no recursion: it may be thousands deep
    while waiting:
        folder, real, parts, hidden = waiting.pop()
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            reason = f"a folder that cannot be read ({error.strerror})"
            entries.append((parts, Entry(shown(parts) or ".", folder, refused=reason)))
            continue
        for name in names:
            path, here = folder / name, (*parts, name)
            unseen = hidden or _unseen(name)
            entry = _entry(path, shown(here), unseen, real, home, follow_links)
            if isinstance(entry, Entry):
                entries.append((here, entry))
            elif not unseen and entry in read_as:
                reason = f"a link to a folder that is read already, as {read_as[entry]}"
                entries.append((here, Entry(shown(here), path, refused=reason)))
            else:
                if not unseen:
                    read_as[entry] = shown(here)
                waiting.append(_Folder(path, entry, here, unseen))
    return [entry for _, entry in sorted(entries, key=lambda pair: pair[0])]


def shown(parts: _Parts) -> str:
    """Write a path for people: what is no printable Unicode is escaped."""
    text = os.fsencode("/".join(parts)).decode("utf-8", "backslashreplace")
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def _entry(
    path: Path, name: str, hidden: str, real_folder: str, home: str, follow_links: bool
) -> Entry | str:
    """Return the entry of a name, or the real path of the folder that has to be walked."""
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        return Entry(name, path, refused=error.strerror or "cannot be looked at")
    if hidden and not stat.S_ISDIR(mode):
        return Entry(name, path, kind=hidden)
    if stat.S_ISLNK(mode):
        return _link(path, name, home, follow_links)
    return _target(path, name, mode, os.path.join(real_folder, path.name))


def _link(path: Path, name: str, home: str, follow_links: bool) -> Entry | str:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return Entry(name, path, refused="a link that leads nowhere")
    real = os.path.realpath(path)
    inside = real == home or real.startswith(home.rstrip(os.sep) + os.sep)
    if not inside and not follow_links:
        return Entry(name, path, refused=_LEADS_OUT)
    if inside and stat.S_ISDIR(mode) and not _is_hidden(os.path.relpath(real, home)):
        return Entry(name, path, kind="link to a folder beside")
    return _target(path, name, mode, real)


def _target(path: Path, name: str, mode: int, real: str) -> Entry | str:
    if stat.S_ISDIR(mode):
        return real
    if stat.S_ISREG(mode):
        return Entry(name, path)
    special = next((words for is_it, words in _SPECIAL if is_it(mode)), "a special file")
    return Entry(name, path, refused=f"{special}, not a file of data")


def _is_hidden(relative: str) -> bool:
    return any(_unseen(part) for part in relative.split(os.sep) if part != os.curdir)


def _unseen(name: str) -> str:
    """Say as what a name is counted that is not even looked at; "" for any other."""
    if name.startswith("."):
        return "hidden"
    return f"in {name}" if name in SYSTEM_FOLDERS else ""


def _look(path: Path) -> tuple[str, str]:
    """Say why a file cannot be used, or as what it is counted; neither for an image."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        return error.strerror or "cannot be read", ""
    suffix = path.suffix.lower()
    if format_of(head) is not None or suffix in PICTURE_SUFFIXES:
        return refusal_of(head), ""
    plain = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= _LONGEST_SUFFIX
    return "", suffix[1:] if plain else ("other" if suffix else "no suffix")
