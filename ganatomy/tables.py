"""Tables as CSV files that a spreadsheet may open: no cell of text is a formula there."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from ganatomy.errors import GIVE, REMAKE, InputError

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Write a table as CSV; text that a spreadsheet would run gets an apostrophe before it.

    Names of files, classes and columns are the user's, or whoever's the data are. Numbers stay as
    they are. `plain_text` takes the apostrophe away.
    """
    safe = table.rename(columns=_shielded)
    for column, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            name = safe.columns[column]
            safe[name] = safe[name].map(_shielded, na_action="ignore")
    return safe.to_csv(index=False).encode()


def read_table(path: Path, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a table that `csv_bytes` wrote, with the numbers to the last bit.

    Parameters
    ----------
    path : Path
    text : collection of str
        Columns of names, which stay text even where all of them look like numbers.

    Raises
    ------
    InputError
        The file is missing, or no table.
    """
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_values=[""],
        )
    except FileNotFoundError:
        raise InputError("file not found", str(path), GIVE) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"not a readable table ({str(error).splitlines()[0]})",
            str(path),
            REMAKE,
        ) from None
    table = table.rename(columns=plain_text).map(plain_text)
    # a column of text without any is still one of text
    return table.astype({name: str for name in text if name in table})


def plain_text(cell: Any) -> Any:
    """Give back a cell of `csv_bytes` as it was."""
    if isinstance(cell, str) and cell[:1] == "'" and cell[1:].lstrip("'").startswith(_STARTS):
        return cell[1:]
    return cell


def _shielded(cell: Any) -> Any:
    if isinstance(cell, str) and cell.lstrip("'").startswith(_STARTS):
        return f"'{cell}"
    return cell
