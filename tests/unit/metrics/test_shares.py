"""Exact intervals and chances against scipy.stats and against counting."""

import pytest
import torch
from scipy import stats

from ganatomy.metrics.shares import chance_of_at_least, chance_of_at_most, share_interval


@pytest.mark.parametrize(("count", "total"), [(0, 7), (7, 7), (3, 11), (40, 1000), (0, 1)])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_interval_is_clopper_pearsons(count: int, total: int, level: float) -> None:
    expected = stats.binomtest(count, total).proportion_ci(level, method="exact")
    assert share_interval(count, total, level) == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )


@pytest.mark.parametrize(("total", "rank", "others"), [(5, 1, 3), (300, 10, 999), (50, 20, 20)])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_chances_are_beta_binomial(total: int, rank: int, others: int, share: float) -> None:
    count = round(share * total)
    expected = stats.betabinom.sf(count - 1, total, rank, others + 1 - rank)
    found = chance_of_at_least(count, total, rank, calibrated_on=others)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)
    expected = stats.betabinom.cdf(count, total, rank + 0.5, others - rank + 0.5)
    found = chance_of_at_most(count, total, rank, among=others)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("rank", [1, 4])
def test_chance_of_many_below_an_order_statistic_is_what_counting_finds(rank: int) -> None:
    """Both sets are drawn alike, from anything continuous."""
    draw = torch.Generator().manual_seed(0)
    others = torch.randn(20_000, 30, generator=draw).exp().sort().values
    points = torch.randn(20_000, 40, generator=draw).exp()
    below = (points < others[:, rank - 1 : rank]).sum(1)
    for count in (0, rank, 3 * rank, 6 * rank):
        observed = float((below >= count).double().mean())
        assert chance_of_at_least(count, 40, rank, calibrated_on=30) == pytest.approx(
            observed, abs=0.015
        )
