"""How variants are put in order."""

from typing import Any

import numpy as np
import pandas as pd

from ganatomy.importance.ranking import RANKING_RULE, rank

NETWORKS = {"g": "generator", "d": "discriminator"}


def _summary(rows: list[tuple[str, str, float, float, bool]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["variant", "readout", "t", "q", "stands_out"])
    table["network"] = table["readout"].str[0].map(NETWORKS)
    return table.assign(features=table["variant"], mode="remove")


def test_rank_is_by_the_largest_t() -> None:
    ranking = rank(
        _summary(
            [
                ("a", "g_fcd", 2.0, 0.2, False),
                ("a", "d_shift", -9.0, 0.001, True),
                ("b", "g_fcd", 11.0, 0.0001, True),
                ("b", "g_frd", -10.0, 0.0002, True),
                ("b", "d_shift", 0.5, 0.9, False),
                ("c", "g_fcd", np.nan, np.nan, False),
                ("c", "d_shift", 0.1, 0.95, False),
                ("d", "g_fcd", np.nan, np.nan, False),
            ]
        )
    )
    rows: list[dict[str, Any]] = ranking.to_dict("records")
    assert [row["variant"] for row in rows] == ["b", "a", "c", "d"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert rows[1] == {
        "variant": "a",
        "features": "a",
        "mode": "remove",
        "rank": 2,
        "max_abs_t": 9.0,
        "strongest_readout": "d_shift",
        "g_readout": "g_fcd",
        "g_abs_t": 2.0,
        "d_readout": "d_shift",
        "d_abs_t": 9.0,
        "found_by_g": False,
        "found_by_d": True,
        "q": 0.001,
        "stands_out": True,
    }
    assert (rows[0]["g_readout"], rows[0]["found_by_g"], rows[0]["found_by_d"]) == (
        "g_fcd",
        True,
        False,
    )
    assert (rows[2]["g_readout"], rows[2]["stands_out"]) == ("", False)
    assert np.isnan(rows[2]["g_abs_t"])
    assert (rows[3]["strongest_readout"], rows[3]["d_readout"]) == ("", "")
    assert np.isnan(rows[3]["max_abs_t"])
    assert "largest |t|" in RANKING_RULE


def test_equals_are_ordered_by_name() -> None:
    ranking = rank(_summary([(name, "g_fcd", 0.0, 1.0, False) for name in "cab"]))
    assert ranking["variant"].tolist() == ["a", "b", "c"]
    assert ranking["rank"].tolist() == [1, 2, 3]


def test_nothing_to_rank() -> None:
    ranking = rank(_summary([("a", "g_fcd", 1.0, 1.0, False)]).iloc[:0])
    assert len(ranking) == 0
    assert list(ranking.columns)[:4] == ["variant", "features", "mode", "rank"]
