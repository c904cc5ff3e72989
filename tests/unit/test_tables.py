"""CSV that a spreadsheet may open, and that reads back as it was."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganatomy.errors import InputError
from ganatomy.tables import csv_bytes, plain_text, read_table

HOSTILE = ["=cmd|' /C calc'!A0", "+1+2", "-2+3", "@SUM(A1)", "\t=1", "'=1", "''-x"]
HARMLESS = ["cat.png", "a=b", "", "'quoted'", "Äpfel", "5-3"]


@pytest.mark.parametrize("text", HOSTILE + HARMLESS)
def test_no_text_is_a_formula_and_all_of_it_comes_back(text: str) -> None:
    table = pd.DataFrame({"file": [text, "other"], "value": [-1.5, 2.0]})
    content = csv_bytes(table).decode()
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert not rows[1][0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain_text(rows[1][0]) == text
    assert rows[1][1] == "-1.5"


def test_tables_without_formulas_are_as_pandas_writes_them() -> None:
    table = pd.DataFrame(
        {"name": ["a", None], "n": [-1, 2], "x": [-0.1, float("nan")], "is": [True, False]}
    )
    assert csv_bytes(table) == table.to_csv(index=False).encode()
    assert csv_bytes(table.iloc[:0]) == table.iloc[:0].to_csv(index=False).encode()


def test_names_of_columns_are_no_formulas_either() -> None:
    assert csv_bytes(pd.DataFrame({"=1": [1]})) == b"'=1\n1\n"


def test_a_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "layer": ["0", "003"],  # names, though they look like numbers
            "concept": ["nan", "=x"],
            "value": [0.1 + 0.2, float("nan")],
            "unit": [3, 4],
            "is": [True, False],
        }
    )
    (tmp_path / "table.csv").write_bytes(csv_bytes(table))
    found = read_table(tmp_path / "table.csv", text=("layer", "concept"))
    assert found["layer"].tolist() == ["0", "003"]
    pd.testing.assert_frame_equal(
        found, table, check_exact=True, check_dtype=False, check_column_type=False
    )


AWKWARD = [
    0.1,
    1 / 3,
    -0.0,
    5e-324,  # the least there is
    2.2250738585072014e-308,
    1.7976931348623157e308,
    1e22,
    1e23,  # halfway between two, almost
    9007199254740993.0,
    0.1 + 0.2,
    7.038531e-26,
    8.5e-315,
    2.0**-1074 * 3,
    123456789.12345679,
]


def test_numbers_read_back_to_the_last_bit(tmp_path: Path) -> None:
    """Those that readers get wrong, and any bits at all."""
    any_bits = np.random.default_rng(0).integers(0, 2**64, 20_000, dtype=np.uint64).view(float)
    values = np.concatenate([AWKWARD, -np.array(AWKWARD), any_bits[np.isfinite(any_bits)]])
    (tmp_path / "table.csv").write_bytes(csv_bytes(pd.DataFrame({"value": values})))
    found = read_table(tmp_path / "table.csv")["value"].to_numpy()
    assert np.array_equal(found.view(np.uint64), values.view(np.uint64))


def test_a_column_without_any_text_stays_one_of_text(tmp_path: Path) -> None:
    """As reasons where nothing was refused: whoever fills it fills it with text."""
    table = pd.DataFrame({"target": ["x", "=y"], "reason": [None, None], "value": [1.5, None]})
    (tmp_path / "table.csv").write_bytes(csv_bytes(table))
    found = read_table(tmp_path / "table.csv", text=("target", "reason", "not there"))
    assert found["reason"].isna().all()
    assert found.fillna({"reason": ""})["reason"].tolist() == ["", ""]
    assert found["target"].tolist() == ["x", "=y"]
    assert found["value"].dtype == float


def test_a_table_without_rows_is_one(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(csv_bytes(pd.DataFrame(columns=["a", "b"])))
    found = read_table(tmp_path / "table.csv", text=("a",))
    assert list(found.columns) == ["a", "b"]
    assert found.empty


def test_what_is_no_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file not found"):
        read_table(tmp_path / "absent.csv")
    (tmp_path / "broken.csv").write_bytes(b'a,b\n"1,2\n3,4,5,6\n')
    with pytest.raises(InputError, match="not a readable table"):
        read_table(tmp_path / "broken.csv")
