"""Images that a user gives: a folder or an archive of it, arrays, tables, a data set of his own.

Whatever it is, each image ends as a file, and what its source says of it stands beside it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ganatomy.data.archive import unpack
from ganatomy.data.choices import Classes
from ganatomy.data.collecting import Collected, collect
from ganatomy.data.items import Items, keep_items
from ganatomy.data.kinds import kind_of, parquet_files
from ganatomy.data.label_table import LABEL_TABLE, find_table
from ganatomy.data.own_dataset import dataset_items
from ganatomy.data.parquet import parquet_items
from ganatomy.data.reading import Limits, max_bytes
from ganatomy.data.stored_arrays import array_items
from ganatomy.data.structure import common_folder, notes_on_classes, read_structure
from ganatomy.errors import InputError


class Given(NamedTuple):
    """The files of a source, and what its source says of each.

    Attributes
    ----------
    collected : Collected
    classes : list of str or None
    class_names : tuple of str
    sides : list of {"train", "test", ""}
    notes : list of str
    origin : str
    """

    collected: Collected
    classes: list[str | None]
    class_names: tuple[str, ...]
    sides: list[str]
    notes: list[str]
    origin: str


def read_given(
    source: str,
    root: Path,
    max_images: int,
    *,
    classes: Classes,
    arguments: Mapping[str, Any],
    follow_links: bool,
    limits: Limits,
    into: Path | None,
    num_workers: int = 1,
    progress: Callable[[int, int], None],
) -> Given:
    """Find, check and copy images; parameters as in `ganatomy.data.sources.fetch`.

    Raises
    ------
    InputError
        As `ganatomy.data.sources.fetch`.
    OSError
        A copy cannot be written.
    """
    kind = "class" if ":" in source else kind_of(root, follow_links)
    if arguments and kind in ("folder", "archive"):
        raise InputError(
            f"the images of {root.name} take no arguments",
            f"arguments={dict(arguments)}",
            "They are of arrays, Parquet files and classes of one's own: leave them empty.",
        )
    how: dict[str, Any] = {"limits": limits, "into": into, "progress": progress}
    if kind == "folder":
        collected = collect(root, max_images, follow_links, num_workers=num_workers, **how)
        return _in_order(root, collected, classes, follow_links, f"folder {root.name}")
    if into is None:
        raise InputError(
            "images that are no files of a folder have to be written into one",
            "into",
            "Give an empty folder.",
        )
    if kind == "archive":
        with _unpacked(root, into, limits, progress) as (folder, refused):
            try:
                collected = collect(folder, max_images, False, num_workers=num_workers, **how)
                found = _in_order(folder, collected, classes, False, f"archive {root.name}")
            except InputError as error:  # it names our folder
                where = f"root={root}" if error.where.startswith("root=") else error.where
                what = error.what.replace("in the folder", "in the archive")
                if refused and what.startswith("no image"):
                    more = f", and {len(refused) - 1:,} more" if len(refused) > 1 else ""
                    what += f"; not unpacked: {refused[0]['file']} ({refused[0]['reason']}){more}"
                raise InputError(what, where, error.remedy) from None
        told = sorted([*refused, *collected.refused], key=lambda entry: entry["file"])
        return found._replace(collected=replace(collected, refused=told))
    return _of_items(
        _items(source, kind, root, classes, dict(arguments), follow_links),
        max_images,
        f"{source}" if kind == "class" else root.name,
        where="source" if kind == "class" else f"root={root}",
        **how,
    )


def _items(
    source: str,
    kind: str,
    root: Path,
    classes: Classes,
    arguments: dict[str, Any],
    follow_links: bool,
) -> Items:
    if classes not in ("auto", "none"):
        raise InputError(
            "there are no folders and no table to take classes from",
            f"classes={classes}",
            "Use `classes=auto` or `classes=none`.",
        )
    with_labels = classes == "auto"
    if kind == "class":
        return dataset_items(source, arguments, with_labels=with_labels)
    if kind == "arrays":
        return array_items(root, arguments, with_labels=with_labels)
    return parquet_items(parquet_files(root, follow_links), arguments, with_labels=with_labels)


def _of_items(
    items: Items,
    max_images: int,
    origin: str,
    *,
    where: str,
    limits: Limits,
    into: Path,
    progress: Callable[[int, int], None],
) -> Given:
    kept = keep_items(items, max_images, limits=limits, into=into, where=where, progress=progress)
    notes = [*items.notes, *notes_on_classes(kept.classes)]
    return Given(*kept, notes, origin)


def _in_order(
    root: Path, collected: Collected, classes: Classes, follow_links: bool, origin: str
) -> Given:
    notes: list[str] = []
    table = None
    if classes in ("auto", LABEL_TABLE):
        table = find_table(root, common_folder(collected.names), follow_links, notes)
    found = read_structure(collected.names, classes, table)
    notes += [*found.notes, *notes_on_classes(found.classes)]
    return Given(collected, found.classes, found.class_names, found.sides, notes, origin)


@contextmanager
def _unpacked(
    root: Path, into: Path, limits: Limits, progress: Callable[[int, int], None]
) -> Iterator[tuple[Path, list[dict[str, str]]]]:
    """The archive's folder, beside the one that copies go into, while the block lasts."""
    into.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unpacked-", dir=into.parent) as name:
        folder = Path(name)
        yield folder, unpack(root, folder, max_bytes(limits.max_pixels), progress)
