"""How variants are put in order: by size, of what stands out first."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ganatomy.importance.ranking import RANKING_COLUMNS, RANKING_RULE, rank

NETWORKS = {"g": "generator", "d": "discriminator"}
NAN = float("nan")


def _summary(rows: list[tuple[str, str, float, float, float, bool]]) -> pd.DataFrame:
    """Variant, readout, size, t, q, stands out; intervals reach a tenth to either side."""
    columns = ["variant", "readout", "size", "t", "q", "stands_out"]
    table = pd.DataFrame(rows, columns=columns)
    table["network"] = table["readout"].str[0].map(NETWORKS)
    return table.assign(
        features=table["variant"],
        mode="remove",
        size_low=table["size"] - 0.1,
        size_high=table["size"] + 0.1,
        p_permuted=table["q"] / 2,
    )


def _by_variant(summary: pd.DataFrame, *given: float) -> dict[str, dict[str, Any]]:
    return {row["variant"]: row for row in rank(summary, *given).to_dict("records")}


def test_the_larger_change_is_first_however_sure_the_smaller_one_is() -> None:
    """As on digits: thickness was surest in a quiet readout, contrast moved G further."""
    rows = _by_variant(
        _summary(
            [
                ("thickness", "g_krd", NAN, 673.0, 0.002, True),
                ("thickness", "g_fcd", 2.7, 45.0, 0.002, True),
                ("contrast", "g_krd", NAN, 600.0, 0.002, True),
                ("contrast", "g_fcd", 14.5, 30.0, 0.002, True),
            ]
        )
    )
    assert [rows[name]["rank"] for name in ("contrast", "thickness")] == [1, 2]
    assert rows["contrast"]["size"] == 14.5
    assert rows["contrast"]["g_abs_t"] == 30.0  # of the readout that the size is of
    assert rows["thickness"]["max_abs_t"] == 673.0


def test_what_stands_out_comes_first_and_each_network_has_its_own_readout() -> None:
    summary = _summary(
        [
            ("loud", "g_fcd", 9.0, 2.0, 0.2, False),  # large, and refused by the tests
            ("loud", "g_frd", 0.5, 7.0, 0.01, True),
            ("loud", "d_contrast", -0.3, 3.0, 0.3, False),
            ("unsure", "g_fcd", 20.0, 1.9, 0.3, False),
            ("of_d", "g_fcd", 0.9, 1.0, 0.9, False),
            ("of_d", "d_contrast", -1.5, -6.0, 0.02, True),
            ("of_d", "d_shift", 0.7, 9.0, 0.001, True),
            ("alike", "g_fcd", 3.0, NAN, NAN, False),  # nulls that do not vary
        ]
    )
    ranking = rank(summary, 0.1)
    assert list(ranking.columns) == RANKING_COLUMNS
    assert ranking["variant"].tolist() == ["of_d", "loud", "unsure", "alike"]
    assert ranking["rank"].tolist() == [1, 2, 3, 4]
    rows = {row["variant"]: row for row in ranking.to_dict("records")}
    overall = {"size": 1.5, "strongest_readout": "d_contrast", "matters": True}
    surest = {"max_abs_t": 9.0, "q": 0.001, "found_by_g": False, "found_by_d": True}
    of_g = {"g_readout": "g_fcd", "g_size": 0.9, "g_stands_out": False, "g_matters": False}
    of_d = {"d_readout": "d_contrast", "d_size": -1.5, "d_low": -1.6, "d_high": -1.4}
    sure = {"d_abs_t": 6.0, "d_q": 0.02, "d_p_permuted": 0.01, "d_stands_out": True}
    expected = {**overall, **surest, **of_g, **of_d, **sure, "d_matters": True}
    assert {name: rows["of_d"][name] for name in expected} == expected
    assert (rows["loud"]["g_readout"], rows["loud"]["g_size"]) == ("g_frd", 0.5)
    assert (rows["loud"]["size"], rows["loud"]["strongest_readout"]) == (0.5, "g_frd")
    assert not rows["unsure"]["matters"]
    assert rows["alike"]["g_readout"] == rows["alike"]["strongest_readout"] == ""
    assert np.isnan([rows["alike"][name] for name in ("size", "g_size", "max_abs_t")]).all()


@pytest.mark.parametrize(("size", "matters"), [(0.2, True), (-0.2, True), (0.199, False)])
def test_what_is_sure_and_small_does_not_matter(size: float, matters: bool) -> None:
    row = _by_variant(_summary([("a", "g_fcd", size, 90.0, 0.001, True)]), 0.2)["a"]
    assert row["stands_out"]
    assert row["g_stands_out"]
    assert row["matters"] == row["g_matters"] == matters


def test_what_is_found_without_a_size_stands_out_and_does_not_matter() -> None:
    """Fewer classes are no distance: it is told, and nothing is claimed of how far."""
    summary = _summary(
        [("a", "g_fcd", 0.4, 1.0, 0.5, False), ("a", "g_class_shift", NAN, 9.0, 0.001, True)]
    )
    row = _by_variant(summary)["a"]
    assert (row["found_by_g"], row["stands_out"]) == (True, True)
    assert (row["g_stands_out"], row["matters"]) == (False, False)


def test_the_rule_says_what_is_done() -> None:
    for said in ("how much", "stand out", "|t|", "Fréchet distance", "logits"):
        assert said in RANKING_RULE


def test_equals_are_ordered_by_name() -> None:
    ranking = rank(_summary([(name, "g_fcd", 0.0, 0.0, 1.0, False) for name in "cab"]))
    assert ranking["variant"].tolist() == ["a", "b", "c"]
    assert ranking["rank"].tolist() == [1, 2, 3]


def test_nothing_to_rank() -> None:
    ranking = rank(_summary([("a", "g_fcd", 1.0, 1.0, 1.0, False)]).iloc[:0])
    assert len(ranking) == 0
    assert list(ranking.columns)[:4] == ["variant", "features", "mode", "rank"]
