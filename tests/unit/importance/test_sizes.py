"""Sizes of effects: worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from ganatomy.importance.differences import differences, effects_of
from ganatomy.importance.ranking import rank, summarise
from ganatomy.importance.readouts import READOUTS as READOUTS_OF_A_GAN
from ganatomy.importance.sizes import MEASURES, in_words, levels_of, sizes_of
from tests.unit.importance.retrained import repeats

READOUTS = ["g_fcd", "g_krd", "d_shift"]


def _table(scale: float = 1.0) -> pd.DataFrame:
    """Nulls of fcd 10 and 14 in two seeds, of krd 0 on average, of d_shift 0.5."""
    nulls = [
        np.array([[9.0, 13.0], [-0.1, -0.3], [0.4, 0.6]]),
        np.array([[11.0, 15.0], [0.1, 0.3], [0.6, 0.4]]),
    ]
    blur = np.array([[25.0, 29.0], [5.0, 5.0], [0.75, 0.75]])
    values = {"blur": blur, **{f"null_{at}": null for at, null in enumerate(nulls)}}
    values = {name: table * np.array([[scale], [1], [1]]) for name, table in values.items()}
    return repeats(values, READOUTS)


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_a_distance_is_a_share_of_its_level_and_logits_have_their_spread(scale: float) -> None:
    given = differences(_table(scale))
    place = {name: given.readouts.index(name) for name in READOUTS}
    levels = levels_of(given)
    assert levels[place["g_fcd"]] == pytest.approx(12 * scale)
    sizes = sizes_of(given, effects_of(given).effect)[:, 0]
    assert sizes[place["g_fcd"]] == pytest.approx(15 / 12)  # in whatever unit fcd is
    assert sizes[place["d_shift"]] == pytest.approx(0.25)
    assert np.isnan(sizes[place["g_krd"]])  # its level is 0: features are not ranked by it


def test_a_summary_has_sizes_with_their_intervals() -> None:
    summary = summarise(_table(), None).set_index("readout")
    for end in ("low", "high"):
        assert summary.loc["g_fcd", f"size_{end}"] == pytest.approx(summary.loc["g_fcd", end] / 12)
    assert summary.loc["g_fcd", "level"] == pytest.approx(12)
    assert np.isnan(summary.loc["g_krd", "size"])


def test_no_share_is_taken_of_a_level_that_is_not_above_zero() -> None:
    table = _table()
    low = table.assign(value=table["value"].where(table["readout"] != "g_fcd", -table["value"]))
    summary = summarise(low, None).set_index("readout")
    assert np.isnan(summary.loc["g_fcd", "size"])
    assert rank(summary.reset_index())["g_readout"].item() == ""


@pytest.mark.parametrize(
    ("readout", "size", "said"),
    [
        ("g_fcd", 14.53, "G's images lie 15.5 times as far from held-out ones by the evaluator"),
        ("g_fld", 0.207, "G's images lie 21 % further from held-out ones by local statistics"),
        ("g_frd", -0.5, "G's images lie 50 % closer to held-out ones by random features"),
        ("d_contrast", 0.3, "D's preference for the feature rises by 0.3 spreads of its logits"),
        ("d_shift", 0.59, "D's logits move by 0.59 spreads more than retraining alone moves them"),
    ],
)
def test_sizes_in_words(readout: str, size: float, said: str) -> None:
    assert in_words(readout, size) == said


def test_every_readout_that_features_are_ranked_by_has_a_measure_of_its_own_name() -> None:
    ranked = {name for name, readout in READOUTS_OF_A_GAN.items() if readout.size_in}
    assert set(MEASURES) == ranked
    assert len(set(MEASURES.values())) == len(ranked)
