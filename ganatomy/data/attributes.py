"""What a table of the user's says of each image: numbers, yes or no, and words."""

import csv
import io
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import torch

from ganatomy.errors import InputError

_SEPARATORS = (",", ";", "\t")
_NAME = re.compile(r"[\w .=-]{1,100}")  # letters of any script; a + or a : would part features
_DECIMAL_COMMA = re.compile(r"[+-]?\d[\d.' ]*,\d+([eE][+-]?\d+)?")
_UNKNOWN = {"", "na", "n/a", "nan", "null"}
_WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_MAX_WORDS = 20


def read_attributes(
    path: Path, files: tuple[str, ...], warn: Callable[[str], None], *, unused: Iterable[str] = ()
) -> dict[str, torch.Tensor]:
    """Read the columns of a table in the order of `files`.

    Parameters
    ----------
    path : Path
        A CSV file as `ganatomy.data.sources.fetch` takes it.
    files : tuple of str
        What the table may call the images: paths relative to their folder, with ``/``.
    warn : callable
        Told of images that the table lacks.
    unused : iterable of str
        Files of the folder that the table may name and that are not wanted.

    Returns
    -------
    dict of str to Tensor of shape (n,), float32
        NaN where unknown.

    Raises
    ------
    InputError
        The table does not fit the images or itself.
    """
    names, rows, lines = _read_table(path)
    key = names.index("file") if "file" in names else 0
    where = f"attributes={path}"
    line_of: dict[str, int] = {}
    for row, line in zip(rows, lines):
        if not row[key]:
            raise InputError("no file name", f"{where}, line {line}", "Name the image's file.")
        name = _composed(PurePosixPath(row[key]).as_posix())  # ./a.png is a.png
        if name in line_of:
            raise InputError(
                f"file {_quote(name)} has two rows",
                f"{where}, lines {line_of[name]} and {line}",
                "Keep one of the two.",
            )
        line_of[name] = line
    wanted = [_composed(name) for name in files]
    known = {*wanted, *map(_composed, unused)}
    strangers = [name for name in line_of if name not in known]
    if strangers:
        raise InputError(
            f"{len(strangers)} of {len(rows)} files in the table are not images of the folder: "
            + _first_three(strangers),
            f"{where}, line {line_of[strangers[0]]}",
            "Give paths relative to `root`, with /, or remove these rows.",
        )
    lacking = [name for name in wanted if name not in line_of]
    if lacking:
        warn(
            f"{len(lacking)} of {len(files)} images have no row in {path}, their attributes are "
            f"unknown: {_first_three(lacking)}"
        )
    attributes: dict[str, torch.Tensor] = {}
    for column, name in enumerate(names):
        if column == key:
            continue
        values = pd.Series([row[column] for row in rows], index=list(line_of), dtype="str")
        for attribute, numbers in _attributes_of(name, values, lines, where).items():
            if attribute in attributes:
                raise InputError(
                    f"two columns make an attribute {attribute!r}", where, "Rename one of them."
                )
            ordered = numbers.reindex(wanted).to_numpy(np.float32, copy=True)
            attributes[attribute] = torch.from_numpy(ordered)
    return attributes


def _read_table(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Names of the columns, rows of as many stripped values, and the line that each row ends on."""
    where = f"attributes={path}"
    if not path.is_file():
        raise InputError("no such file", where, "Give the CSV file of the images' attributes.")
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where, "Allow reading.") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8", f"{where}, line {line}", "Save it as UTF-8.") from None
    header = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if any(value.strip() for value in row):
                # interned: large tables hold the same few values millions of times
                rows.append([sys.intern(value.strip()) for value in row])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(
            f"not a CSV file ({error})", f"{where}, line {reader.line_num}", "Mend the quotes."
        ) from None
    if len(rows) < 2:
        raise InputError("no rows", where, "Give a line of names and a line for each image.")
    names, where_names = [_composed(name) for name in rows[0]], f"{where}, line {lines[0]}"
    if len(names) < 2:
        raise InputError(
            f"one column only, {_quote(names[0])}",
            where_names,
            "Separate a column of files and columns of attributes by commas, semicolons or tabs.",
        )
    _check_names(names, where_names)
    for row, line in zip(rows, lines):
        if len(row) != len(names):
            raise InputError(
                f"{len(row)} values for {len(names)} columns",
                f"{where}, line {line}",
                "Give each column one value, empty when unknown; quote one that holds a separator.",
            )
    return names, rows[1:], lines[1:]


def _check_names(names: list[str], where: str) -> None:
    for name, count in Counter(names).items():
        if not name:
            position = names.index(name) + 1
            raise InputError(f"column {position} has no name", where, "Name or remove it.")
        if count > 1:
            raise InputError(
                f"{count} columns are named {_quote(name)}", where, "Rename all but one."
            )
        _check_safe(name, f"column {_quote(name)}", where)


def _check_safe(name: str, what: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{what} cannot name an attribute",
            where,
            "Use letters, digits, space and _ . = - only, at most 100 of them.",
        )


def _attributes_of(
    column: str, values: "pd.Series[str]", lines: list[int], where: str
) -> "dict[str, pd.Series[float]]":
    """Read what one column says, by attribute name; NaN where it says nothing."""
    known = ~values.str.lower().isin(_UNKNOWN)
    if not known.any():
        raise InputError(f"column {column!r} has no value", where, "Fill or remove it.")
    numbers = pd.to_numeric(values.where(known), errors="coerce").astype(np.float64)
    numeric = numbers.abs() <= np.finfo(np.float32).max  # and not NaN
    if numeric.any():
        wrong = np.flatnonzero(known & ~numeric)
        if len(wrong):
            raise InputError(
                f"{_quote(values.iloc[wrong[0]])} in column {column!r} is not a number, "
                "as others in it are",
                f"{where}, line {lines[wrong[0]]}",
                "Write a number with a decimal point, or nothing when it is unknown.",
            )
        signs = set(numbers[known].unique()) <= {-1.0, 1.0}  # CelebA's no and yes
        return {column: numbers.clip(lower=0) if signs else numbers}
    words = sorted(values[known].unique())
    if all(_DECIMAL_COMMA.fullmatch(word) for word in words):
        raise InputError(
            f"{_quote(values[known].iloc[0])} in column {column!r} has a decimal comma",
            f"{where}, line {lines[int(np.flatnonzero(known)[0])]}",
            "Write numbers with a decimal point.",
        )
    if {word.lower() for word in words} <= set(_WORDS):
        return {column: values.str.lower().map(_WORDS)}
    if len(words) > _MAX_WORDS:
        raise InputError(
            f"column {column!r} holds {len(words)} different words, more than {_MAX_WORDS}",
            where,
            "Group them, or remove the column.",
        )
    for word in words:
        row = int(np.flatnonzero(values == word)[0])
        _check_safe(
            f"{column}={word}",
            f"{_quote(word)} in column {column!r}",
            f"{where}, line {lines[row]}",
        )
    return {
        f"{column}={word}": (values == word).astype(np.float64).where(known)
        for word in (words[1:] if len(words) == 2 else words)
    }


def _composed(text: str) -> str:
    """Accents as part of their letters: some file systems and programs keep them apart."""
    return unicodedata.normalize("NFC", text)


def _first_three(names: list[str]) -> str:
    return ", ".join(map(_quote, names[:3])) + (", ..." if len(names) > 3 else "")


def _quote(text: str) -> str:
    """On one line, and not all of what a forgotten quote has swallowed."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
