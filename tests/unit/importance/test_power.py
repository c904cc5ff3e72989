"""Agreement of rankings: against scipy, and where the answer is known."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ganatomy.importance.power import (
    COLUMNS,
    power_of_seeds,
    power_of_share,
    split_half_stability,
)
from ganatomy.importance.ranking import rank, summarise
from tests.unit.importance.retrained import noise, repeats

READOUTS = ["d_shift", "g_fcd"]


def _table(
    num_seeds: int = 5, num_variants: int = 6, step: float = 1.0, share: float = 1.0, seed: int = 0
) -> pd.DataFrame:
    """Variants v0, v1, ... with effects of 0, 1, ... steps in null sd; distances are above 0."""
    names = [f"v{at}" for at in range(num_variants)]
    values = noise(np.random.default_rng(seed), names, 4, len(READOUTS), num_seeds)
    for at, name in enumerate(names):
        values[name] += step * at
    values = {name: table + np.array([[0], [100]]) for name, table in values.items()}
    return repeats(values, READOUTS, share=share)


def _ranking(table: pd.DataFrame) -> pd.Series:
    """With no test nothing stands out: by size alone."""
    return rank(summarise(table, None)).set_index("variant")["size"].sort_index()


def test_seeds_are_those_of_all_subsets_ranked_one_by_one() -> None:
    table = _table()
    power = power_of_seeds(table)
    assert list(power.columns) == COLUMNS
    assert power["kind"].tolist() == ["seeds"] * 3
    assert power["value"].tolist() == [2.0, 3.0, 4.0]
    full = _ranking(table)
    for row in power.itertuples():
        some = [
            _ranking(table[table["seed"].isin(chosen)])
            for chosen in combinations(range(5), int(row.value))
        ]
        expected = [stats.spearmanr(one, full).statistic for one in some]
        assert row.rank_correlation == pytest.approx(np.mean(expected))
        assert (row.low, row.high) == pytest.approx(tuple(np.quantile(expected, [0.05, 0.95])))
        same = [set(one.nlargest(3).index) == set(full.nlargest(3).index) for one in some]
        assert row.same_top3 == pytest.approx(np.mean(same))


def test_effects_far_apart_are_always_found_in_order() -> None:
    power = power_of_seeds(_table(step=30))
    assert (power[["rank_correlation", "low", "high", "same_top3"]] == 1).all(axis=None)
    assert split_half_stability(_table(step=30))["rank_correlation"].item() == pytest.approx(1)


def test_random_subsets_are_drawn_where_there_are_too_many() -> None:
    table = _table(num_seeds=7)
    few = power_of_seeds(table, draws=15, seed=1)
    pd.testing.assert_frame_equal(few, power_of_seeds(table, draws=15, seed=1))
    assert not few.equals(power_of_seeds(table, draws=15, seed=2))
    every = power_of_seeds(table, draws=35)
    assert (few["rank_correlation"] - every["rank_correlation"]).abs().max() < 0.1
    assert every["rank_correlation"].iloc[-1] > every["rank_correlation"].iloc[0]


def test_share_compares_early_with_final_rankings() -> None:
    end = _table(step=30)
    wrong = _table(step=-30, share=0.1)
    early = wrong.assign(value=wrong["value"] + 150 * wrong["variant"].str.startswith("v"))
    right = _table(step=3, share=0.5)
    power = power_of_share(pd.concat([right, end, early[early["seed"] < 4]]))
    assert power["value"].tolist() == [0.1, 0.5]
    assert power["rank_correlation"].tolist() == pytest.approx([-1, 1])
    assert power["same_top3"].tolist() == [0, 1]
    assert power[["low", "high"]].isna().all(axis=None)
    assert list(power.columns) == COLUMNS
    assert power_of_share(end).empty


@pytest.mark.parametrize("num_seeds", [4, 5])
def test_halves_are_disjoint(num_seeds: int) -> None:
    table = _table(num_seeds)
    expected = []
    for first in combinations(range(num_seeds), 2):
        second = [at for at in range(num_seeds) if at not in first][:2]
        pair = [_ranking(table[table["seed"].isin(chosen)]) for chosen in (first, second)]
        expected.append(stats.spearmanr(*pair).statistic)
    row = split_half_stability(table).iloc[0]
    assert (row["kind"], row["value"]) == ("split_half", 2)
    assert row["rank_correlation"] == pytest.approx(np.mean(expected))


def test_halves_of_pure_noise_do_not_agree_but_parts_of_it_do() -> None:
    """The ranking from 4 of 6 seeds shares its noise with the full one; two halves share none."""
    tables = [_table(6, 8, step=0, seed=seed) for seed in range(12)]
    halves = [split_half_stability(table)["rank_correlation"].item() for table in tables]
    parts = [power_of_seeds(table)["rank_correlation"].iloc[-2] for table in tables]
    assert abs(np.mean(halves)) < 0.2
    assert np.mean(parts) > 0.4


@pytest.mark.parametrize("num_variants", [0, 1, 2])
def test_fewer_than_three_variants_have_no_ranking(num_variants: int) -> None:
    table = _table(num_variants=num_variants)
    early = table.assign(share=0.5)
    for power in (
        power_of_seeds(table),
        power_of_share(pd.concat([table, early])),
        split_half_stability(table),
    ):
        assert len(power) > 0
        assert power[["rank_correlation", "same_top3"]].isna().all(axis=None)


@pytest.mark.parametrize("num_seeds", [1, 2])
def test_no_fewer_seeds_to_try(num_seeds: int) -> None:
    table = _table(num_seeds)
    assert power_of_seeds(table).empty
    assert len(split_half_stability(table)) == num_seeds - 1


def test_nothing_can_be_judged() -> None:
    table = _table()
    still = table.assign(value=table["value"].mask(table["is_null"], 0.1))
    assert power_of_seeds(still)["rank_correlation"].isna().all()
