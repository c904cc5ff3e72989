"""StyleGAN's table of labels: ``dataset.json`` beside the images, ``{"labels": [[name, k], ...]}``.

Karras et al. 2020 (arXiv 2006.06676), as their dataset tool writes it.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.wording import counted

LABEL_TABLE = "dataset.json"
_MAX_BYTES = 1 << 28  # a million images take 40 MB
_REMEDY = f"Mend {LABEL_TABLE}, or do without it: `classes=folders` or `classes=none`."


class LabelTable:
    """Classes of images, by the paths that a table calls them.

    Parameters
    ----------
    labels : dict of str to int
        By paths relative to the table's folder.
    below : str
        The table's folder, as images are named: "" or ``set/``.
    """

    def __init__(self, labels: dict[str, int], below: str = "") -> None:
        self._labels = labels
        self._below = below

    def of(self, names: Sequence[str], notes: list[str]) -> list[str | None]:
        """Return the class of each image, None where the table lacks it; say so in `notes`.

        Raises
        ------
        InputError
            The table has none of them.
        """
        found = [self._labels.get(name.removeprefix(self._below)) for name in names]
        classes = [None if label is None else str(label) for label in found]
        num_classes = len({name for name in classes if name is not None})
        if not num_classes:
            raise InputError(
                f"{LABEL_TABLE} names none of the images, but {next(iter(self._labels))!r}",
                "root",
                _REMEDY,
            )
        notes.append(f"{counted(num_classes, 'class', 'classes')}, by {LABEL_TABLE}.")
        return classes


def find_table(
    root: Path, folders: Sequence[str], follow_links: bool, notes: list[str]
) -> LabelTable | None:
    """Read the table that lies in a folder, or in one of those that all images lie below.

    Parameters
    ----------
    root : Path
    folders : sequence of str
        Folders one inside the other, the first one directly in `root`.
    follow_links : bool
        Read a table that a link out of `root` leads to.
    notes : list of str
        Told where there is one that is not used.

    Raises
    ------
    InputError
        It has labels and they cannot be read.
    """
    for depth in range(len(folders) + 1):
        path = root.joinpath(*folders[:depth], LABEL_TABLE)
        outside = not path.resolve().is_relative_to(root.resolve())
        if path.is_file() and (follow_links or not outside):
            labels = _labels(path, notes)
            below = "".join(f"{folder}/" for folder in folders[:depth])
            return LabelTable(labels, below) if labels else None
    return None


def _labels(path: Path, notes: list[str]) -> dict[str, int]:
    where = f"root={path.parent}"
    if os.path.getsize(path) > _MAX_BYTES:
        raise InputError(f"{LABEL_TABLE} has more than {_MAX_BYTES >> 20} MiB", where, _REMEDY)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{LABEL_TABLE} is not valid JSON ({error})", where, _REMEDY) from None
    entries = document.get("labels") if isinstance(document, dict) else None
    if not entries:
        notes.append(f"{LABEL_TABLE} has no labels.")
        return {}
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise InputError(
            f'{LABEL_TABLE}: "labels" is no list of [name, whole number]', where, _REMEDY
        )
    return dict(entries)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 2
        and isinstance(entry[0], str)
        and isinstance(entry[1], int)
        and not isinstance(entry[1], bool)
        and entry[1] >= 0
    )
