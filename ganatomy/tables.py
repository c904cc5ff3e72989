"""Tables as CSV files that a spreadsheet may open: no cell of text is a formula there."""

from typing import Any

import pandas as pd

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


def plain_text(cell: Any) -> Any:
    """Give back a cell of `csv_bytes` as it was."""
    if isinstance(cell, str) and cell[:1] == "'" and cell[1:].lstrip("'").startswith(_STARTS):
        return cell[1:]
    return cell


def _shielded(cell: Any) -> Any:
    if isinstance(cell, str) and cell.lstrip("'").startswith(_STARTS):
        return f"'{cell}"
    return cell
