"""Bars of influence: equal tables give equal pixels, and what stands out is coloured."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.canvas import ACCENT, WARM
from ganatomy.report.importance import importance_bars

VARIANTS = ["blur", "contrast", "cell_0_0"]
READOUTS = ["g_fcd", "g_frd", "d_shift", "d_separation"]


def _tables(out: tuple[str, str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    draw = np.random.default_rng(0)
    summary = pd.DataFrame(
        [
            {
                "variant": variant,
                "readout": readout,
                "effect": 9.0 if (variant, readout) == out else 1.0,
                "low": 0.5,
                "high": 9.5 if (variant, readout) == out else 1.5,
                "error": 0.4,
                "threshold": 3.0,
                "stands_out": (variant, readout) == out,
            }
            for variant in VARIANTS
            for readout in READOUTS
        ]
    )
    ranking = pd.DataFrame({"variant": VARIANTS})
    repeats = pd.DataFrame(
        [
            (name, name.startswith("null"), seed, readout, draw.normal())
            for name in [*VARIANTS, "null_0", "null_1"]
            for seed in range(3)
            for readout in READOUTS
        ],
        columns=["variant", "is_null", "seed", "readout", "value"],
    )
    return summary, ranking, repeats


def _count(picture: NDArray[np.uint8], colour: str) -> int:
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return int((picture == rgb).all(2).sum())


def test_equal_tables_give_equal_pixels() -> None:
    first, second = importance_bars(*_tables()), importance_bars(*_tables())
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[1] > first.shape[0] > 100


@pytest.mark.parametrize(("readout", "colour"), [("g_fcd", ACCENT), ("d_separation", WARM)])
def test_only_what_stands_out_is_coloured(readout: str, colour: str) -> None:
    plain, marked = importance_bars(*_tables()), importance_bars(*_tables(("contrast", readout)))
    assert _count(plain, ACCENT) == _count(plain, WARM) == 0
    other = {ACCENT: WARM, WARM: ACCENT}[colour]
    assert _count(marked, colour) > 500
    assert _count(marked, other) == 0
    width = marked.shape[1]
    columns = np.argwhere((marked == [int(colour[k : k + 2], 16) for k in (1, 3, 5)]).all(2))[:, 1]
    assert (columns.mean() < width / 2) == (readout == "g_fcd")


def test_readouts_that_were_not_taken_have_no_panel() -> None:
    summary, ranking, repeats = _tables()
    all_four = importance_bars(summary, ranking, repeats)
    two = importance_bars(summary[summary["readout"].str.startswith("g_")], ranking, repeats)
    assert two.shape[0] == all_four.shape[0]
    assert two.shape[1] < all_four.shape[1]


def test_dots_are_the_single_seeds() -> None:
    summary, ranking, repeats = _tables()
    before = importance_bars(summary, ranking, repeats)
    hit = (repeats["variant"] == "blur") & (repeats["seed"] == 1) & (repeats["readout"] == "g_frd")
    moved = repeats.assign(value=repeats["value"] + 0.7 * hit)
    assert (importance_bars(summary, ranking, moved) != before).any()
