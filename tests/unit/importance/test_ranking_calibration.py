"""Simulated tables with known truth: false alarms and intervals as often as promised."""

from collections import defaultdict

import numpy as np
import pytest
from scipy import stats

from ganatomy.importance import differences as differences_module
from ganatomy.importance import ranking
from ganatomy.importance.differences import differences, effects_of
from ganatomy.importance.ranking import summarise
from ganatomy.importance.readouts import READOUTS
from ganatomy.statistics import two_sided_p
from tests.unit.importance.retrained import Array, many, noise, repeats


def _band(probability: float, count: int) -> tuple[float, float]:
    """Two-sided 99.9 % band of a share of `count`."""
    low, high = stats.binom.interval(0.999, count, probability)
    return float(low) / count, float(high) / count


def _p_of_nothing(num_nulls: int, num_seeds: int, count: int, spread: float) -> Array:
    draw = np.random.default_rng(1)
    values = noise(draw, ["v"], num_nulls, count, num_seeds, spread)
    found = effects_of(differences(repeats(values, many(count))))
    return two_sided_p(found.t, found.freedom[:, None])[:, 0]


@pytest.mark.parametrize(("num_nulls", "num_seeds"), [(3, 2), (4, 4), (8, 4)])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.5])
def test_a_variant_that_is_a_null_seldom_seems_more(
    num_nulls: int, num_seeds: int, spread: float
) -> None:
    """Also where seeds differ in noise, by any factor, and far out in the tail that a table of many
    comparisons is about. Counting all S (K - 1) degrees of freedom fails this."""
    count = 8000
    p = _p_of_nothing(num_nulls, num_seeds, count, spread)
    assert 0.025 < np.mean(p <= 0.05) < _band(0.05, count)[1]
    assert np.mean(p <= 0.005) < _band(0.006, count)[1]


def test_with_many_nulls_the_test_is_exact() -> None:
    """What is lost by estimating the degrees of freedom vanishes."""
    p = _p_of_nothing(24, 2, 4000, 0.0)
    for level in (0.01, 0.05, 0.2, 0.5):
        low, high = _band(level, 4000)
        assert low <= np.mean(p <= level) <= high


@pytest.mark.parametrize("num_seeds", [2, 4])
@pytest.mark.parametrize("noisier", [0.3, 1, 4])
def test_intervals_hold_the_effect_whatever_the_variants_own_noise(
    num_seeds: int, noisier: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 3000
    monkeypatch.setattr(ranking, "READOUTS", defaultdict(lambda: READOUTS["g_fcd"]))
    draw = np.random.default_rng(2)
    values = noise(draw, ["v"], 4, count, num_seeds)
    values["v"] += 5 + noisier * draw.normal(size=values["v"].shape)
    summary = summarise(repeats(values, many(count)), 0.05)
    inside = (summary["low"] <= 5) & (summary["high"] >= 5)
    low, high = _band(0.95, count)
    assert low <= inside.mean() <= high


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_few_of_what_stands_out_is_false(spread: float) -> None:
    """10 variants by 8 readouts, 2 variants changed: the share of false ones in 80 tables."""
    draw = np.random.default_rng(3)
    variants = [f"v{at}" for at in range(10)]
    readouts = [name for name in READOUTS if name != "d_shift"][:8]
    shares, found = [], []
    for _ in range(80):
        values = noise(draw, variants, 4, len(readouts), 4, spread)
        for changed in variants[:2]:
            values[changed] += 4
        out = summarise(repeats(values, readouts), 0.1).query("stands_out")
        true = out["variant"].isin(variants[:2]).sum()
        shares.append((len(out) - true) / max(len(out), 1))
        found.append(true / 16)
    assert 0 < np.mean(shares) < 0.1
    assert np.mean(found) > 0.75


@pytest.mark.parametrize("num_nulls", [3, 4, 8])
def test_shifts_of_members_like_any_null_raise_no_more_false_alarms(
    num_nulls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """d_shift is measured from the nulls themselves: here as distances of random vectors. Without
    the correction by (K - 1) / (K - 2) this fails."""
    count, num_seeds, members = 2000, 3, num_nulls + 1
    monkeypatch.setattr(differences_module, "_MEASURED_FROM_NULLS", many(count))
    draw = np.random.default_rng(4)
    logits = draw.normal(size=(count, num_seeds, members, 20))
    squares = (logits[:, :, :, None] - logits[:, :, None]) ** 2
    distances = np.sqrt(squares.mean(-1))  # zero from itself
    from_nulls = distances[..., 1:].sum(-1) / np.r_[num_nulls, [num_nulls - 1] * num_nulls]
    names = ["v", *(f"null_{k}" for k in range(num_nulls))]
    values = {name: from_nulls[:, :, at] for at, name in enumerate(names)}
    found = effects_of(differences(repeats(values, many(count))))
    p = two_sided_p(found.t, found.freedom[:, None])
    assert 0.005 < np.mean(p <= 0.05) < _band(0.05, count)[1]
