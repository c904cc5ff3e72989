"""What could have been found: against simulated experiments, and scipy's noncentral t."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ganatomy.importance.detectable import (
    COLUMNS,
    detectable,
    in_words,
    level_in_use,
    smallest_effect,
    smallest_size,
)
from ganatomy.importance.differences import differences, effects_of
from ganatomy.statistics import benjamini_hochberg, two_sided_p
from tests.unit.importance.retrained import many, noise, repeats


@pytest.mark.parametrize(
    ("freedom", "alpha"), [(3.0, 0.01), (7.5, 0.002), (12.0, 0.05), (60.0, 0.001)]
)
def test_it_is_found_with_the_power_that_was_asked_for(freedom: float, alpha: float) -> None:
    """The chance beyond both thresholds, by the distribution's own integral."""
    effect = float(smallest_effect(np.array(2.5), np.array(freedom), alpha, 0.8))
    shifted = stats.nct(freedom, effect / 2.5)
    threshold = stats.t.isf(alpha / 2, freedom)
    assert shifted.sf(threshold) + shifted.cdf(-threshold) == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize(("num_nulls", "num_seeds"), [(4, 4), (3, 6)])
def test_it_is_the_effect_that_simulated_experiments_find(num_nulls: int, num_seeds: int) -> None:
    """Each readout is an experiment of its own whose noise is known to be 1.

    The noise that is estimated has fewer degrees of freedom by Satterthwaite than the true ones, so
    what is promised is a little larger than what would be needed.
    """
    draw = np.random.default_rng(0)
    count = 4000
    values = noise(draw, ["a"], num_nulls, count, num_seeds)
    alpha = 0.01
    p = np.array([0.5, 0.6, 0.7, 0.8])  # none of four stands out: the first would at fdr / 4
    promised = detectable(repeats(values, many(count)), p, 4 * alpha)
    assert promised["alpha"].unique().tolist() == [pytest.approx(alpha)]
    values["a"] = values["a"] + np.sqrt((promised["effect"] ** 2).mean())
    found = effects_of(differences(repeats(values, many(count))))
    share = (two_sided_p(found.t, found.freedom[:, None]) <= alpha).mean()
    assert 0.77 < share < 0.9


def test_the_level_in_use_is_where_one_more_would_stand_out() -> None:
    draw = np.random.default_rng(1)
    p = np.concatenate([draw.uniform(size=30), draw.uniform(0, 0.002, size=6), [np.nan]])
    alpha = level_in_use(p, 0.05)
    quiet = int(np.nanargmax(p))
    found = int((benjamini_hochberg(p) <= 0.05).sum())
    for factor, more in ((0.999, 1), (1.001, 0)):
        changed = p.copy()
        changed[quiet] = factor * alpha
        assert int((benjamini_hochberg(changed) <= 0.05).sum()) == found + more
    assert level_in_use(np.array([np.nan]), 0.05) == 0.05
    assert level_in_use(np.array([0.001, 0.002]), 0.05) == 0.05


def _table() -> pd.DataFrame:
    draw = np.random.default_rng(2)
    values = {f"null_{k}": draw.normal([[10.0], [0.5]], 0.1, (2, 4)) for k in range(4)}
    read = repeats(values | {"a": np.full((2, 4), 1.0)}, ["g_fcd", "d_contrast:a"])
    still = repeats({name: np.ones((1, 4)) for name in values}, ["d_shift"])
    return detectable(pd.concat([read, still]), np.array([0.2, 0.7]), 0.05)


def test_levels_and_shares_are_those_of_the_nulls() -> None:
    table = _table()
    assert list(table.columns) == COLUMNS
    rows = table.set_index("readout")
    assert rows["level"].to_dict() == {
        "g_fcd": pytest.approx(10, abs=0.1),
        "d_contrast": pytest.approx(0.5, abs=0.1),
        "d_shift": 1.0,
    }
    assert rows.loc["g_fcd", "relative"] == pytest.approx(
        rows.loc["g_fcd", "effect"] / 10, rel=0.02
    )
    assert rows["variant"].to_dict() == {"g_fcd": "", "d_contrast": "a", "d_shift": ""}
    assert np.isnan(rows.loc["d_contrast", "relative"])
    assert np.isnan(rows.loc["d_shift", "effect"])  # the nulls do not vary


def test_it_is_told_in_words() -> None:
    table = _table()
    said = in_words(table, 4, 4)
    effect = table.set_index("readout").loc["g_fcd", "effect"]
    assert f"{effect:.2g} of g_fcd ({10 * effect:.2g} % of its mean)" in said
    assert said.startswith("With 4 seeds, and 4 GANs of each retrained on unchanged data, the")
    assert "8 of 10 cases" in said
    assert in_words(table[table["readout"] == "d_shift"], 4, 4) == ""


def test_an_effect_above_its_mean_is_no_percentage() -> None:
    table = _table()
    table.loc[table["readout"] == "g_fcd", "relative"] = 5.17
    assert "of g_fcd (5.2 times its mean)" in in_words(table, 1, 1)
    assert in_words(table, 1, 1).startswith("With 1 seed, and 1 GAN of each")


def test_what_would_have_been_missed_is_told_of_the_readout_asked_for() -> None:
    rows = [
        ("g_fcd", "", 2.0, 0.20),
        ("g_frd", "", 0.1, 0.15),
        ("d_contrast", "a", 0.3, np.nan),
        ("d_contrast", "b", 0.5, np.nan),
        ("d_shift", "", 0.1, 0.7),
    ]
    table = pd.DataFrame(rows, columns=["readout", "variant", "effect", "relative"])
    assert smallest_size(table, "g_fcd", "a") == 0.20  # though g_frd would have seen less
    assert smallest_size(table, "d_contrast", "b") == 0.5
    assert smallest_size(table, "d_shift", "b") == 0.1  # in spreads already
    assert smallest_size(table, "d_contrast", "z") is None
    assert smallest_size(table, "", "a") is None
    assert smallest_size(table.assign(effect=np.nan), "d_shift", "a") is None
