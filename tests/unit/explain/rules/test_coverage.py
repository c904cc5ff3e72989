"""Regions that one set of images lacks, where they were put there, and where there are none."""

import pandas as pd
import pytest
import torch
from scipy.stats import binomtest, ks_2samp

from ganatomy.errors import InputError
from ganatomy.explain.rules.coverage import LESS_THAN, Coverage, find_coverage
from ganatomy.explain.rules.nearest import nearest_by_concepts
from ganatomy.explain.rules.shifts import shift_table
from ganatomy.rng import generator
from tests.unit.explain.rules.planted_regions import BRIGHT, LARGE, alike, is_left_out, table_of


def _found(has: torch.Tensor, lacks: torch.Tensor, seed: int, *, kind: str = "missed") -> Coverage:
    sets = table_of(has), table_of(lacks)
    return find_coverage(*(sets if kind == "missed" else sets[::-1]), seed=seed)


@pytest.mark.parametrize("kind", ["missed", "invented"])
@pytest.mark.parametrize("seed", range(10))
def test_a_combination_that_is_left_out_is_found(kind: str, seed: int) -> None:
    has, made = alike(1000, seed, "has"), alike(1000, seed, "lacks")
    found = _found(has, made[~is_left_out(made)], seed, kind=kind)
    other = "invented" if kind == "missed" else "missed"
    assert found.rules[other].clauses == ()
    [(bright, large)] = found.rules[kind].clauses
    assert (large.concept, large.is_above) == ("size", True)
    assert (bright.concept, bright.is_above) == ("light", True)
    assert large.threshold == pytest.approx(LARGE, abs=0.05)
    assert bright.threshold == pytest.approx(BRIGHT, abs=0.05)
    [row] = found.table[found.table["is_shown"]].to_dict("records")
    assert row["kind"] == kind
    assert row["high"] < row["expected"], "it is the combination that lacks"


def test_counts_are_of_images_that_were_not_searched() -> None:
    real, made = alike(1000, 0, "has"), alike(900, 0, "lacks")
    fake = made[~is_left_out(made)]
    found = _found(real, fake, 0)
    [row] = found.table[found.table["is_shown"]].to_dict("records")
    of_real, of_fake = found.tested
    assert (row["real_total"], row["fake_total"]) == (len(of_real), len(of_fake))
    assert len(of_real) == 500
    holds = [
        int(found.rules["missed"].holds(table_of(each)).sum())
        for each in (real[of_real], fake[of_fake])
    ]
    assert [row["real_count"], row["fake_count"]] == holds
    share = len(of_fake) / (len(of_fake) + len(of_real) / LESS_THAN)
    exact = binomtest(holds[1], sum(holds), share, alternative="less")
    assert row["p"] == pytest.approx(exact.pvalue, rel=1e-6)
    interval = binomtest(holds[1], sum(holds)).proportion_ci(0.95, "exact")
    high = interval.high / (1 - interval.high) * len(of_real) / len(of_fake)
    assert row["high"] == pytest.approx(high, rel=1e-6)


def test_a_shifted_concept_is_told_once_and_as_one() -> None:
    real, fake = alike(1000, 1, "has"), alike(1000, 1, "lacks")
    fake[:, 1] = 0.8 * fake[:, 1]
    found = _found(real, fake, 1)
    shown = found.table[found.table["is_shown"]]
    assert shown["length"].tolist() == [1]
    assert shown["expected"].tolist() == shown["ratio"].tolist()
    assert found.rules["missed"].concepts == ("light",)
    assert found.shifts["concept"][0] == "light"
    assert found.shifts["stands_out"].tolist() == [True] + 5 * [False]


def test_a_combination_is_found_behind_a_shift() -> None:
    real, made = alike(2000, 2, "has"), alike(2000, 2, "lacks")
    fake = made[~is_left_out(made)]
    fake[:, 4] += 0.5
    found = _found(real, fake, 2)
    several = found.table[found.table["is_shown"] & (found.table["length"] > 1)]
    [row] = several.to_dict("records")
    assert row["text"].startswith("light > ")
    assert " and size > " in row["text"]


def test_equal_sets_lack_nothing() -> None:
    """Of 100 pairs of equal sets at most 5 may be told apart."""
    false_alarms = 0
    for seed in range(100):
        values = alike(400, seed, "equal")
        found = _found(values[:200], values[200:], seed)
        false_alarms += bool(found.table["is_shown"].any())
    assert false_alarms <= 5


def test_nothing_carried_is_an_empty_table() -> None:
    values = alike(400, 0, "equal")
    found = _found(values[:200], values[:200], 0)
    assert found.table.empty
    assert found.rules["missed"].clauses == ()


def test_too_few_images_are_refused() -> None:
    values = alike(60, 0, "few")
    with pytest.raises(InputError, match=r"39 images \[fake\]"):
        _found(values, values[:39], 0)


def test_shifts_are_those_of_kolmogorov_and_smirnov() -> None:
    real, fake = alike(300, 3, "has"), alike(500, 3, "lacks")
    fake[:, 0] = fake[:, 0] ** 2
    shifts = shift_table(table_of(real), table_of(fake)).set_index("concept")
    for place, name in enumerate(table_of(real).names):
        exact = ks_2samp(real[:, place].numpy(), fake[:, place].numpy(), method="asymp")
        assert shifts["distance"][name] == pytest.approx(exact.statistic)
        assert shifts["low"][name] < exact.statistic < shifts["high"][name]
    assert shifts.index[0] == "size"
    assert shift_table(table_of(real[:, :0]), table_of(fake[:, :0])).empty


def test_the_interval_of_a_shift_holds_the_truth() -> None:
    """Uniform values and their squares lie 1/4 apart, at 1/4."""
    misses = 0
    for seed in range(200):
        values = torch.rand(400, 2, generator=generator(seed, "interval"))
        values[:, 1] = values[:, 1] ** 2
        row = shift_table(table_of(values[:200, :1]), table_of(values[200:, 1:])).iloc[0]
        misses += not row["low"] <= 0.25 <= row["high"]
    assert misses <= 10


def test_the_nearest_is_in_standard_deviations() -> None:
    one = table_of(torch.tensor([[0.0, 0.0]]))
    others = table_of(torch.tensor([[0.0, 3.0], [20.0, 0.0], [-100.0, 9.0], [100.0, -9.0]]))
    assert nearest_by_concepts(one, others).tolist() == [1]


def test_the_same_seed_gives_the_same_table() -> None:
    real, fake = alike(500, 4, "has"), alike(500, 4, "lacks")
    fake[:, 1] *= 0.7
    pd.testing.assert_frame_equal(_found(real, fake, 5).table, _found(real, fake, 5).table)
