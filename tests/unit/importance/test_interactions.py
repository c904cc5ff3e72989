"""Interactions of planted size, and none where effects add up."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ganatomy.errors import InputError
from ganatomy.importance.interactions import COLUMNS, interactions
from tests.unit.importance.retrained import Array, many, noise, repeats

READOUTS = ["d_separation", "g_fcd"]


def _noise(variants: list[str], num_seeds: int = 4, count: int = 2) -> dict[str, Array]:
    return noise(np.random.default_rng(0), variants, 4, count, num_seeds)


@pytest.mark.parametrize("parts", [["a", "b"], ["a", "b", "c"]])
def test_interaction_is_a_paired_test_of_what_does_not_add_up(parts: list[str]) -> None:
    together = "+".join(parts)
    values = _noise([*parts, together])
    table = interactions(repeats(values, READOUTS), 0.05)
    assert list(table.columns) == COLUMNS
    assert table["readout"].tolist() == READOUTS
    for place, row in enumerate(table.itertuples()):
        centre = np.mean([values[f"null_{k}"][place] for k in range(4)], axis=0)
        own = values[together][place] - centre - sum(values[a][place] - centre for a in parts)
        peer = stats.ttest_1samp(own, 0)
        assert row.features == together
        assert row.effect == pytest.approx(own.mean())
        assert row.t == pytest.approx(peer.statistic)
        assert row.p == pytest.approx(peer.pvalue)
        interval = peer.confidence_interval(0.95)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    np.testing.assert_allclose(table["q"], stats.false_discovery_control(table["p"]))


def test_planted_interaction_stands_out_alone() -> None:
    values = _noise(["a", "b", "a+b"], num_seeds=6)
    for name, effect in (("a", 20.0), ("b", 30.0), ("a+b", 50.0)):
        values[name] += effect
    values["a+b"][1] -= 25  # less than the sum: what b adds, a has mostly taken already
    table = interactions(repeats(values, READOUTS), 0.05)
    assert table["stands_out"].tolist() == [False, True]
    assert table["low"][1] < -25 < table["high"][1] < 0


def test_which_combinations_are_asked() -> None:
    """Both parts alone, in the same mode; random subsets are another question."""
    values = _noise(["a", "b", "c", "a+b", "a+d", "subset_000=a+c"])
    other = _noise(["a", "a+b"])
    renamed = {f"{name}-permute={name}": other[name] for name in other if "null" not in name}
    table = pd.concat([repeats(values, READOUTS), repeats(renamed, READOUTS, mode="permute")])
    found = interactions(table, 0.05)
    assert set(zip(found["features"], found["mode"])) == {("a+b", "remove")}


def test_nothing_is_asked() -> None:
    table = interactions(repeats(_noise(["a", "b"]), READOUTS), 0.05)
    assert list(table.columns) == COLUMNS
    assert table.empty


def test_what_cannot_be_judged() -> None:
    values = _noise(["a", "b", "a+b"])
    for k in range(4):
        values[f"null_{k}"][0] = 0.1
    table = interactions(repeats(values, READOUTS), 0.05)
    assert table["p"].isna().tolist() == [True, False]
    assert table["stands_out"].dtype == bool
    one_seed = repeats(_noise(["a", "b", "a+b"], num_seeds=1), READOUTS)
    with pytest.raises(InputError, match="1 seed"):
        interactions(one_seed, 0.05)
    assert interactions(one_seed, None)[["low", "high", "t", "p", "q"]].isna().all(axis=None)


@pytest.mark.parametrize("noisier", [0.0, 3.0])
def test_effects_that_add_up_raise_a_false_alarm_as_often_as_they_should(noisier: float) -> None:
    """Also where changed variants are noisier than nulls: judged by the nulls' noise, 40 to 48 % of
    such tables would have an interaction."""
    count = 3000
    values = _noise(["a", "b", "a+b"], 4, count)
    draw = np.random.default_rng(1)
    for name, effect in (("a", 20.0), ("b", 30.0), ("a+b", 50.0)):
        values[name] += effect + noisier * draw.normal(size=values[name].shape)
    table = interactions(repeats(values, many(count)), 0.05)
    low, high = stats.binom.interval(0.999, count, 0.05)
    assert low <= (table["p"] <= 0.05).sum() <= high
    assert low <= ((table["low"] > 0) | (table["high"] < 0)).sum() <= high


def test_variance_of_equally_noisy_variants() -> None:
    """s**2 (1 + m + (m - 1)**2 / K) / S, for m = 3 features, K = 4 nulls and S = 2 seeds."""
    count = 6000
    values = _noise(["a", "b", "c", "a+b+c"], 2, count)
    effects = interactions(repeats(values, many(count)), None)["effect"]
    expected = (1 + 3 + 4 / 4) / 2
    low, high = stats.chi2.interval(0.999, count - 1)
    assert low < (count - 1) * effects.var() / expected < high
