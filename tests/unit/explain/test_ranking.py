"""How variants are put in order."""

import pandas as pd

from ganatomy.explain.importance import rank


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
