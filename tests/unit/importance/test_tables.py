"""Tables come back as they were written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganatomy.errors import InputError
from ganatomy.importance.tables import read_csv, read_parquet, write_csv, write_parquet


def test_names_stay_names_and_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "variant": ["7", "None", "=1+1", "null_0"],
            "features": ["7", "None", "=1+1", ""],
            "strongest_readout": ["", "", "", ""],
            "max_abs_t": [1 / 3, np.nan, 1e-300, 0.1 + 0.2],
            "q": [np.nan] * 4,
            "stands_out": [True, False, False, False],
            "seed": [1, 2, 3, 4],
        }
    )
    write_csv(tmp_path, {"table": table})
    read = read_csv(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read, table, check_exact=True, check_dtype=False)
    assert (read["strongest_readout"] == "").all()
    assert read["q"].isna().all()
    write_parquet(tmp_path / "table.parquet", table)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "table.parquet"), table)


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    write_csv(tmp_path, {"table": pd.DataFrame(columns=["variant", "p"])})
    read = read_csv(tmp_path / "table.csv")
    assert read.empty
    assert read.columns.tolist() == ["variant", "p"]


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_what_is_missing_or_damaged_is_named(name: str, tmp_path: Path) -> None:
    read = read_csv if name.endswith("csv") else read_parquet
    path = tmp_path / name
    with pytest.raises(InputError, match=rf"file not found.*{name}"):
        read(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=name):
        read(path)
