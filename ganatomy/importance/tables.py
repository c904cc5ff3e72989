"""The tables of importance on disk: what is read is what was written."""

import io
from importlib import import_module
from pathlib import Path

import pandas as pd

from ganatomy.errors import InputError
from ganatomy.extras import extra
from ganatomy.files import write_bytes
from ganatomy.tables import csv_bytes, read_table

# a feature may be called 7, or None; and where nothing is changed there are no features: ""
_TEXT = (
    *("variant", "features", "feature", "mode", "readout", "network", "strongest_readout"),
    *("g_readout", "d_readout", "kind", "reason"),
)


def write_csv(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write each table as ``<name>.csv``."""
    for name, table in tables.items():
        write_bytes(folder / f"{name}.csv", csv_bytes(table))


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table as it was written, names as text and numbers to the last bit.

    Raises
    ------
    InputError
        The file is missing, or no table.
    """
    table = read_table(path, _TEXT)
    return table.fillna({name: "" for name in _TEXT if name in table})


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table as a Parquet file."""
    _need_parquet()
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_bytes(path, buffer.getvalue())


def read_parquet(path: Path) -> pd.DataFrame:
    """Read what `write_parquet` wrote; `InputError` where it is missing or damaged."""
    _need_parquet()
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise InputError("file not found", str(path), "Run what writes it.") from None
    except (OSError, ValueError) as error:  # pyarrow's are of these
        raise InputError(
            f"not a readable table ({str(error).splitlines()[0]})",
            str(path),
            "Remove the file and run what writes it.",
        ) from None


def _need_parquet() -> None:
    with extra("pipeline", "what is read out of retrained GANs is kept as Parquet"):
        import_module("pyarrow")
