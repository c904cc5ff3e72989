"""Images in a column of Parquet files, as Hugging Face's datasets are kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ganatomy.data.items import Item, Items, Label
from ganatomy.data.reading import Refused
from ganatomy.errors import InputError
from ganatomy.wording import counted, listed

_ROWS = 64  # held at a time
_LABELS = ("label", "labels", "class", "target", "fine_label")
_SIDE = re.compile(r"(train|test|val|valid|validation)(?![a-z])", re.IGNORECASE)


def parquet_items(
    paths: list[Path], arguments: dict[str, Any], *, with_labels: bool = True
) -> Items:
    """Read images, and labels where there are any, from Parquet files of equal columns.

    The images are the one column of bytes, or of pairs of bytes and a path. Labels are a column
    ``label``, ``labels``, ``class``, ``target`` or ``fine_label``, the first that there is. Files
    whose names begin with ``train``, ``test`` and the like, if all do, are a split.

    Parameters
    ----------
    paths : list of Path
    arguments : dict
        ``images`` and ``labels`` name columns where this finds the wrong ones.
    with_labels : bool

    Raises
    ------
    InputError
        A file is damaged or has no such column.
    """
    where = f"root={paths[0] if len(paths) == 1 else paths[0].parent}"
    try:
        schemas = [(pq.read_schema(path), pq.read_metadata(path).num_rows) for path in paths]
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"not a whole Parquet file ({_on_one_line(error)})",
            where,
            "Replace it with an intact copy.",
        ) from None
    schema = schemas[0][0]
    try:
        images = _image_column(schema, arguments)
        labels = _label_column(schema, arguments) if with_labels else None
    except Refused as fault:
        raise InputError(
            f"{paths[0].name}: {fault}",
            where,
            "Name columns: `arguments` {images: ..., labels: ...}.",
        ) from None
    sides = [_side_of(path) for path in paths]
    sides = sides if all(sides) else [""] * len(paths)
    counts = [count for _, count in schemas]
    told = [
        f"{path.name}: {counted(count, 'image')} in column {images}, "
        f"{f'labels in column {labels}' if labels else 'no labels'}"
        + {"train": ", for training.", "test": ", held out.", "": "."}[side]
        for path, count, side in zip(paths, counts, sides)
    ]
    return Items(
        sum(counts),
        lambda wanted: _items(paths, sides, images, labels, wanted),
        _names_of_classes(schema, labels),
        told,
    )


def _items(
    paths: list[Path],
    sides: list[str],
    images: str,
    labels: str | None,
    wanted: range | set[int],
) -> Iterator[Item]:
    position = 0
    for path, side in zip(paths, sides):
        for row, (value, label) in enumerate(_rows(path, images, labels)):
            if position in wanted:
                yield Item(f"{path.name}[{row}]", _content(value), _label(label), side)
            position += 1


def _rows(path: Path, images: str, labels: str | None) -> Iterator[tuple[Any, Any]]:
    columns = [images, labels] if labels else [images]
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS, columns=columns):
                table = batch.to_pydict()
                yield from zip(table[images], table[labels] if labels else [None] * len(batch))
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"{path.name} is damaged ({_on_one_line(error)})") from None


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _content(value: Any) -> bytes | Exception:
    if isinstance(value, dict):
        if value["bytes"] is None and value.get("path"):
            return Refused(f"only a path, {value['path']}, and no bytes")
        value = value["bytes"]
    return value if isinstance(value, bytes) else Refused("no image in this row")


def _label(value: Any) -> Label:
    if isinstance(value, float) and value.is_integer():  # as pandas keeps whole numbers with gaps
        return int(value)
    return value if isinstance(value, int | str) else None


def _image_column(schema: pa.Schema, arguments: dict[str, Any]) -> str:
    columns = ", ".join(f"{field.name} ({_short(field.type)})" for field in schema)
    if "images" in arguments:
        name = str(arguments["images"])
        if name not in schema.names or not _is_image(schema.field(name).type):
            raise Refused(f"no column {name!r} of bytes; there are {columns}")
        return name
    found = [field.name for field in schema if _is_image(field.type)]
    if len(found) != 1:
        which = f"several columns of bytes, {listed(found)}" if found else "no column of bytes"
        raise Refused(f"{which}; there are {columns}")
    return str(found[0])


def _label_column(schema: pa.Schema, arguments: dict[str, Any]) -> str | None:
    if "labels" in arguments:
        name = str(arguments["labels"])
        if name not in schema.names:
            raise Refused(f"no column {name!r}; there are {', '.join(schema.names)}")
        return name
    return next((name for name in _LABELS if name in schema.names), None)


def _is_image(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        return place >= 0 and _is_image(kind.field(place).type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _short(kind: pa.DataType) -> str:
    return str(kind) if len(str(kind)) < 40 else f"{str(kind)[:37]}..."


def _names_of_classes(schema: pa.Schema, labels: str | None) -> list[str]:
    """Names that Hugging Face's datasets keep beside the columns, if they do."""
    try:
        about = json.loads((schema.metadata or {})[b"huggingface"])
        names = about["info"]["features"][labels]["names"]
    except (KeyError, ValueError, TypeError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _side_of(path: Path) -> str:
    found = _SIDE.match(path.name)
    return "" if found is None else "train" if found[1].lower() == "train" else "test"
