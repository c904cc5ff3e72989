"""Images that are no files of their own: rows of an array or a table, items of a data set.

Each is written as a file into the folder that the source's copies go into, so that all that holds
for files holds for them: how they are cut and resized, which are refused, that few are in memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ganatomy.data.collecting import LEFT_OUT, Collected, keep_file
from ganatomy.data.pixel_values import image_file
from ganatomy.data.reading import Limits, Refused, check_image, reason_of
from ganatomy.errors import InputError

Label = int | str | None


class Item(NamedTuple):
    """One image of a source.

    Attributes
    ----------
    name : str
        What the user can find it by, such as ``images[17]``.
    content : bytes, ndarray or Exception
        An image file; or pixels, uint8 or uint16, as `ganatomy.data.pixel_values.image_file` takes
        them; or why there is neither.
    label : int, str or None
    side : str in {"train", "test", ""}
    """

    name: str
    content: bytes | NDArray[Any] | Exception
    label: Label
    side: str = ""


@dataclass(frozen=True)
class Items:
    """A source's images in its own order.

    Attributes
    ----------
    count : int
    read : callable
        Given the positions that are wanted, yields their items in order.
    class_names : sequence of str
        Of labels that are whole numbers; where there is none, a label is its own name.
    notes : list of str
        What was taken for what; more may be added while the items are read.
    """

    count: int
    read: Callable[[range | set[int]], Iterator[Item]]
    class_names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Kept(NamedTuple):
    """The items that are files now, and what their source says of each."""

    collected: Collected
    classes: list[str | None]
    class_names: tuple[str, ...]
    sides: list[str]


def keep_items(
    items: Items,
    max_images: int,
    *,
    limits: Limits,
    into: Path,
    where: str,
    progress: Callable[[int, int], None],
) -> Kept:
    """Write items as files; parameters as in `ganatomy.data.sources.fetch`.

    Raises
    ------
    InputError
        At `where`: none of them can be used, or what holds them is damaged.
    """
    count = min(max_images or items.count, items.count)
    wanted = {k * items.count // count for k in range(count)} if count else set()
    files: list[Path] = []
    names: list[str] = []
    refused: list[dict[str, str]] = []
    labels: list[Label] = []
    sides: list[str] = []
    try:
        for index, item in enumerate(items.read(wanted)):
            try:
                content = _file_of(item, limits)
            except Exception as error:  # decoders raise anything; whatever it is, it is this item's
                refused.append({"file": item.name, "reason": reason_of(error)})
            else:
                files.append(keep_file(content, into, len(files)))
                names.append(item.name)
                labels.append(item.label)
                sides.append(item.side)
            progress(index + 1, count)
    except Refused as fault:  # of what holds the items, not of one of them
        raise InputError(str(fault), where, "Replace it with an intact copy.") from None
    if not files:
        told = "; ".join(f"{entry['file']}: {entry['reason']}" for entry in refused[:3])
        raise InputError(
            f"no image that can be used{f' ({told})' if told else ''}", where, "Give images."
        )
    others = {LEFT_OUT: items.count - count} if items.count > count else {}
    classes, class_names = _classes(labels, items.class_names)
    return Kept(Collected(files, names, refused, [], others), classes, class_names, sides)


def _file_of(item: Item, limits: Limits) -> bytes:
    if isinstance(item.content, Exception):
        raise item.content
    if isinstance(item.content, bytes):
        check_image(item.content, limits)
        return item.content
    if item.content.size // min(item.content.shape) > limits.max_pixels:
        raise Refused(f"more pixels than max_pixels={limits.max_pixels}")
    return image_file(item.content)


def _classes(
    labels: list[Label], class_names: list[str]
) -> tuple[list[str | None], tuple[str, ...]]:
    """The class of each, and all classes: whole numbers by their size, words by the alphabet."""
    there = sorted({label for label in labels if isinstance(label, int)})
    if there and there[0] >= 0 and there[-1] < len(class_names):
        named = dict(enumerate(class_names))
    else:
        named = {label: str(label) for label in there}
    words = sorted({label for label in labels if isinstance(label, str)})
    names = [*named.values(), *words]
    if len(set(names)) < 2:
        return [None] * len(labels), ()
    found = [named[label] if isinstance(label, int) else label for label in labels]
    return found, tuple(dict.fromkeys(names))
