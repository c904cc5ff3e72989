"""How readouts are computed from logits, and how variants are put in order."""

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ganatomy.explain.importance import auc, rank


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=20),
    st.lists(st.integers(-3, 3), min_size=1, max_size=20),
)
def test_auc_agrees_with_scikit_learn_ties_included(ones: list[int], zeros: list[int]) -> None:
    expected = roc_auc_score([1] * len(ones) + [0] * len(zeros), ones + zeros)
    found = auc(torch.tensor(ones, dtype=torch.float64), torch.tensor(zeros, dtype=torch.float64))
    assert found == pytest.approx(expected, abs=1e-12)


def test_auc_of_many_values() -> None:
    draw = torch.Generator().manual_seed(0)
    ones = torch.randn(1000, generator=draw) + 0.5
    zeros = torch.randn(700, generator=draw)
    expected = roc_auc_score([1] * 1000 + [0] * 700, torch.cat([ones, zeros]).numpy())
    assert auc(ones, zeros) == pytest.approx(expected, abs=1e-9)
    assert auc(zeros, ones) == pytest.approx(1 - expected, abs=1e-9)


def test_rank_is_by_the_largest_t() -> None:
    summary = pd.DataFrame(
        [
            ("a", "g_fcd", 2.0, False),
            ("a", "d_shift", -9.0, True),
            ("b", "g_fcd", 11.0, True),
            ("b", "d_shift", 0.5, False),
            ("c", "g_fcd", -0.2, False),
            ("c", "d_shift", 0.1, False),
        ],
        columns=["variant", "readout", "t", "stands_out"],
    )
    ranking = rank(summary)
    assert ranking.to_dict("records") == [
        {
            "variant": variant,
            "rank": place,
            "strongest_readout": readout,
            "max_abs_t": t,
            "stands_out": out,
        }
        for variant, place, readout, t, out in [
            ("b", 1, "g_fcd", 11.0, True),
            ("a", 2, "d_shift", 9.0, True),
            ("c", 3, "g_fcd", 0.2, False),
        ]
    ]


def test_rank_orders_equals_by_name() -> None:
    summary = pd.DataFrame(
        [(name, "g_fcd", 0.0, False) for name in "cab"],
        columns=["variant", "readout", "t", "stands_out"],
    )
    assert rank(summary)["variant"].tolist() == ["a", "b", "c"]
    assert rank(summary)["rank"].tolist() == [1, 2, 3]
