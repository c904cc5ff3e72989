"""CSV that a spreadsheet may open, and that reads back as it was."""

import csv
import io

import pandas as pd
import pytest

from ganatomy.tables import csv_bytes, plain_text

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
