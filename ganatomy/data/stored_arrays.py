"""Images in NumPy's files, ``.npy`` and ``.npz``, read a part at a time and never unpickled."""

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ganatomy.data.items import Item, Items, Label
from ganatomy.data.pixel_values import Span, ValueRule, channel_axis, value_rule
from ganatomy.data.reading import Refused
from ganatomy.errors import InputError
from ganatomy.wording import counted

_PART_BYTES = 1 << 24
_SIDES = {"train": "train", "training": "train"} | dict.fromkeys(
    ("test", "testing", "val", "valid", "validation"), "test"
)
_REMEDY = (
    "Save images as an array of shape (n, h, w), (n, h, w, c) or (n, c, h, w), c being 1 to 16, "
    "of levels from 0 to 255, or of floats from 0 to 1 or -1 to 1."
)


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, of which only the head has been read.

    Attributes
    ----------
    name : str
    shape : tuple of int
    dtype : dtype
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    _open: Callable[[], IO[bytes]]

    def parts(self) -> Iterator[NDArray[Any]]:
        """Yield some rows at a time, in order.

        Raises
        ------
        Refused
            The file ends before the array does, or is damaged.
        """
        row = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        step = max(1, _PART_BYTES // max(1, row))
        with self._open() as file:
            _head(file)
            for start in range(0, self.shape[0], step):
                rows = min(step, self.shape[0] - start)
                try:
                    content = file.read(rows * row)
                except (OSError, EOFError, zipfile.BadZipFile, ValueError) as error:
                    raise Refused(f"array {self.name} is damaged ({error})") from None
                if len(content) < rows * row:
                    raise Refused(f"array {self.name} ends early")
                yield np.frombuffer(content, self.dtype).reshape(rows, *self.shape[1:])


def array_items(path: Path, arguments: dict[str, Any], *, with_labels: bool = True) -> Items:
    """Read images, and labels where there are any, from NumPy's files.

    An array of three or four axes holds images; words in its name, such as ``train`` and ``test``,
    tell the side of a split. Its labels are the one array of whole numbers or words that is as
    long, of the same side.

    Parameters
    ----------
    path : Path
    arguments : dict
        ``images`` and ``labels`` name arrays of ``.npz`` where this finds the wrong ones.
    with_labels : bool

    Raises
    ------
    InputError
        No such file, no array of images, arrays of Python objects, or values that are no levels.
    """
    where = f"root={path}"
    try:
        with _faults(path):
            arrays = _arrays(path)
            images, labels = _roles(arrays, arguments, with_labels)
            rule = _rule(images)
            for array in images:
                channel_axis(array.shape[1:])
    except Refused as fault:
        raise InputError(f"{path.name}: {fault}", where, _REMEDY) from None
    notes = [_told(array, rule, labels[array.name]) for array in images]
    return Items(
        sum(array.shape[0] for array in images),
        lambda wanted: _items(images, labels, rule, wanted),
        notes=notes,
    )


def _items(
    images: list[StoredArray],
    labels: dict[str, StoredArray | None],
    rule: ValueRule,
    wanted: range | set[int],
) -> Iterator[Item]:
    before = 0
    for array in images:
        of_labels = labels[array.name]
        known = None if of_labels is None else _values(of_labels)
        index = 0
        for part in array.parts():
            for image in part:
                if before + index in wanted:
                    label = None if known is None else known[index]
                    name = f"{array.name}[{index}]"
                    yield Item(name, rule.pixels(image), label, _side(array.name))
                index += 1
        before += index


def _values(labels: StoredArray) -> list[Label]:
    return [value for part in labels.parts() for value in part.reshape(-1).tolist()]


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, RuntimeError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"not a whole file of NumPy arrays ({error})") from None


def _arrays(path: Path) -> list[StoredArray]:
    if not zipfile.is_zipfile(path):
        return [_stored(path.name, lambda: path.open("rb"))]
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
    return [_stored(name.removesuffix(".npy"), _opener(path, name)) for name in members]


def _opener(path: Path, member: str) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        with zipfile.ZipFile(path) as archive:  # stays open as long as the member is
            return archive.open(member)

    return opened


def _stored(name: str, opened: Callable[[], IO[bytes]]) -> StoredArray:
    with opened() as file:
        shape, is_fortran, dtype = _head(file)
    if dtype.hasobject:
        raise Refused(f"array {name} holds Python objects, which would have to be unpickled")
    if is_fortran and len(shape) > 1:
        raise Refused(f"array {name} is in Fortran's order: save np.ascontiguousarray of it")
    return StoredArray(name, shape, dtype, opened)


def _head(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    if version == (1, 0):
        return npy.read_array_header_1_0(file)
    if version == (2, 0):
        return npy.read_array_header_2_0(file)
    raise Refused(f"an array in version {version[0]}.{version[1]} of NumPy's format")


def _roles(
    arrays: list[StoredArray], arguments: dict[str, Any], with_labels: bool
) -> tuple[list[StoredArray], dict[str, StoredArray | None]]:
    """The arrays of images, and of each, by its name, that of its labels."""
    by_name = {array.name: array for array in arrays}
    for role, name in arguments.items():
        if role not in ("images", "labels") or name not in by_name:
            raise Refused(
                f"`arguments` {role}: {name}, but images and labels can be named, and there are "
                f"{', '.join(by_name)}"
            )
    if "images" in arguments:
        images = [by_name[arguments["images"]]]
    else:
        images = [array for array in arrays if len(array.shape) in (3, 4)]
    found = ", ".join(f"{array.name} {array.shape}" for array in arrays)
    if not images or any(0 in array.shape for array in images):
        raise Refused(f"no array of images ({found})")
    if len(images) > 1 and not all(_side(array.name) for array in images):
        raise Refused(
            f"several arrays of images ({found}): name one, `arguments` "
            f"{{images: {images[0].name}}}"
        )
    labels: dict[str, StoredArray | None] = {}
    for array in images:
        same = [other for other in arrays if with_labels and _is_label_of(other, array)]
        if "labels" in arguments:
            same = [by_name[arguments["labels"]]]
            if not _is_label_of(same[0], array):
                raise Refused(f"{same[0].name} {same[0].shape} has no label for each image")
        labels[array.name] = same[0] if len(same) == 1 else None
    return images, labels


def _is_label_of(array: StoredArray, images: StoredArray) -> bool:
    is_list = array.shape in ((images.shape[0],), (images.shape[0], 1))
    return is_list and array.dtype.kind in "uiU" and _side(array.name) == _side(images.name)


def _side(name: str) -> str:
    words = re.split(r"[^a-z]+", name.lower())
    return next((_SIDES[word] for word in words if word in _SIDES), "")


def _rule(images: list[StoredArray]) -> ValueRule:
    """One rule for all arrays; only floats and wide integers have to be read for it."""
    dtypes = {array.dtype for array in images}
    if len(dtypes) > 1:
        raise Refused(f"arrays of several types ({', '.join(sorted(map(str, dtypes)))})")
    dtype = dtypes.pop()
    needs_no_span = dtype == np.bool_ or (dtype.kind == "u" and dtype.itemsize <= 2)
    if needs_no_span or dtype.kind not in "uif":
        return value_rule(dtype, Span(0, 0))
    spans = [Span.of(part) for array in images for part in array.parts()]
    span = spans[0]
    for other in spans[1:]:
        span = span.with_(other)
    return value_rule(dtype, span)


def _told(array: StoredArray, rule: ValueRule, labels: StoredArray | None) -> str:
    axis = channel_axis(array.shape[1:])
    order = {None: "(n, h, w)", 0: "(n, c, h, w)", 2: "(n, h, w, c)"}[axis]
    side = {"train": ", for training", "test": ", held out", "": ""}[_side(array.name)]
    of_labels = f"labels from {labels.name}" if labels else "no labels"
    return (
        f"{array.name}: {counted(array.shape[0], 'image')} as {order}, {array.dtype}, "
        f"{rule.words}; {of_labels}{side}."
    )
