"""What a folder's own order says of its images: their classes, and which of them are for testing.

Only paths are looked at, and StyleGAN's table of labels. Whatever is taken for something is said in
a sentence, because no rule is right for every folder.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ganatomy.data.choices import Classes
from ganatomy.data.label_table import LABEL_TABLE, LabelTable
from ganatomy.errors import InputError
from ganatomy.wording import counted, listed

FEW_IMAGES = 10  # of a class
_TRAIN_FOLDERS = ("train", "training")
_TEST_FOLDERS = ("test", "testing", "val", "valid", "validation")
_PART = re.compile(r"\d{5,}")  # StyleGAN numbers its folders of a thousand images 00000, 00001, ...
_SHOWN = 6  # names in a sentence
_Parts = tuple[str, ...]
_Test = Callable[[str], bool]


@dataclass(frozen=True)
class Structure:
    """Classes and sides of n images, in their order.

    Attributes
    ----------
    classes : list of str or None
        The class of each image, None where it has none.
    class_names : tuple of str
        All classes: folders by the alphabet, numbers by their size.
    sides : list of {"train", "test", ""}
        "" where the folder says nothing.
    notes : list of str
        What was taken for what, in sentences.
    """

    classes: list[str | None]
    class_names: tuple[str, ...]
    sides: list[str]
    notes: list[str]


class _Below(NamedTuple):
    """Paths below a folder that all have in common."""

    parts: list[_Parts]
    folder: _Parts


def common_folder(names: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that all paths lie below, outermost first; none of them holds a split.

    Examples
    --------
    >>> common_folder(["set/cats/1.png", "set/dogs/2.png"])
    ('set',)
    """
    return _below_common([tuple(name.split("/")) for name in names], _is_side).folder


def read_structure(
    names: Sequence[str], classes: Classes = "auto", table: LabelTable | None = None
) -> Structure:
    """Read classes and a split from the paths of images.

    Folders ``train``, ``test``, ``val`` and the like directly below the root, when there are no
    others, are a split, and the folders below each of them are classes. Else the folders directly
    below the root are classes, when there are two at least. Folders that are all numbers of one
    width, zeros first and five digits at least, are parts of a data set and no classes. A table of
    labels goes before folders.

    Parameters
    ----------
    names : sequence of str
        Paths relative to the folder, with ``/``.
    classes : str
        ``auto`` is the above; ``folders`` takes each folder directly below the root for a class,
        whatever it is called; ``none`` takes none; ``dataset.json`` needs `table`.
    table : LabelTable, optional

    Raises
    ------
    InputError
        `classes` is ``dataset.json`` and there is no table, or a table names none of the images.

    Examples
    --------
    >>> found = read_structure(["train/cat/1.png", "train/dog/2.png", "test/cat/3.png"])
    >>> found.classes, found.sides
    (['cat', 'dog', 'cat'], ['train', 'train', 'test'])
    """
    notes: list[str] = []
    is_read = classes != "folders"  # else names mean nothing
    parts = [tuple(name.split("/")) for name in names]
    parts = _unwrapped(parts, _is_side if is_read else lambda name: False, notes)
    sides = [""] * len(parts)
    if is_read and (found := _sides(parts, notes)):
        sides = found
        parts = [path[1:] if len(path) > 1 else path for path in parts]
        parts = _unwrapped(parts, lambda name: False, notes)
    known: list[str | None] = [None] * len(parts)
    order: Callable[[str], str | int] = str
    if classes == "none":
        notes.append("No classes, as was asked for.")
    elif table is not None and classes in ("auto", LABEL_TABLE):
        known, order = table.of(names, notes), int
    elif classes == LABEL_TABLE:
        raise InputError(
            f"there is no {LABEL_TABLE} with labels",
            f"classes={LABEL_TABLE}",
            "Put it into the folder, beside what it names, or use `classes=auto`.",
        )
    else:
        known = _by_folder(parts, notes, is_read=is_read)
    told = sorted({name for name in known if name is not None}, key=order)
    return Structure(known, tuple(told), sides, notes)


def notes_on_classes(classes: Sequence[str | None]) -> list[str]:
    """Say which classes have few images, and how many images have none.

    Parameters
    ----------
    classes : sequence of str or None
        The class of each image.
    """
    counts = Counter(name for name in classes if name is not None)
    few = sorted((count, name) for name, count in counts.items() if count < FEW_IMAGES)
    notes = []
    if few:
        told = [f"{name} ({count})" for count, name in few]
        notes.append(f"Classes of fewer than {FEW_IMAGES} images: {_some(told)}.")
    if counts and (without := len(classes) - counts.total()):
        notes.append(f"{counted(without, 'image has', 'images have')} no class.")
    return notes


def _is_side(name: str) -> bool:
    return name.lower() in _TRAIN_FOLDERS + _TEST_FOLDERS


def _unwrapped(parts: list[_Parts], is_kept: _Test, notes: list[str]) -> list[_Parts]:
    below = _below_common(parts, is_kept)
    if below.folder:
        notes.append(f"All images lie below {'/'.join(below.folder)}/.")
    return below.parts


def _below_common(parts: list[_Parts], is_kept: _Test) -> _Below:
    folder: list[str] = []
    while parts and all(len(path) > 1 and path[0] == parts[0][0] for path in parts):
        if is_kept(parts[0][0]):
            break
        folder.append(parts[0][0])
        parts = [path[1:] for path in parts]
    return _Below(parts, tuple(folder))


def _sides(parts: list[_Parts], notes: list[str]) -> list[str] | None:
    """The side of each image, or None where the folders are no split."""
    counts = Counter(path[0] for path in parts if len(path) > 1)
    if not counts or not all(map(_is_side, counts)):
        return None
    training = [name for name in counts if name.lower() in _TRAIN_FOLDERS]
    held_out = [name for name in counts if name not in training]
    told = [f"{name}/ ({counted(counts[name], 'image')})" for name in [*training, *held_out]]
    if training and held_out:
        notes.append(
            f"A split, not classes: {listed(told[: len(training)])} for training, "
            f"{listed(told[len(training) :])} held out."
        )
    else:
        notes.append(f"One side of a split, not a class: {listed(told)}; the other one is drawn.")
    if loose := sum(len(path) == 1 for path in parts):
        notes.append(f"{counted(loose, 'image')} beside these folders: taken for training.")
    return ["test" if len(path) > 1 and path[0] in held_out else "train" for path in parts]


def _by_folder(parts: list[_Parts], notes: list[str], *, is_read: bool) -> list[str | None]:
    classes = [unicodedata.normalize("NFC", path[0]) if len(path) > 1 else None for path in parts]
    names = sorted({name for name in classes if name is not None})
    if is_read and len(names) > 1 and _are_parts(names):
        notes.append(
            f"{names[0]}/ to {names[-1]}/ are {len(names):,} numbered parts, not classes: "
            "`classes=folders` would take them for classes."
        )
        return [None] * len(parts)
    if len(names) < 2:  # one folder tells nothing apart
        return [None] * len(parts)
    notes.append(f"{len(names):,} classes, by the folders: {_some(names)}.")
    notes.extend(_nested(parts))
    return list(classes)


def _are_parts(names: list[str]) -> bool:
    return (
        all(_PART.fullmatch(name) for name in names)
        and len({len(name) for name in names}) == 1
        and names[0].startswith("0")
    )


def _nested(parts: list[_Parts]) -> list[str]:
    """Folders inside those of classes, that look as if they were classes themselves."""
    inner = Counter(path[:2] for path in parts if len(path) > 2)
    if not inner:
        return []
    told = [f"{'/'.join(folder)}/ ({count:,})" for folder, count in sorted(inner.items())]
    return [f"Folders inside those of classes count as the outer class: {_some(told)}."]


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return listed([*names[:_SHOWN], f"{more:,} more"] if more > 0 else names)
