"""Rank correlations and paired tests, against scipy's."""

import numpy as np
import pytest
from scipy import stats

from ganatomy.statistics import (
    half_width,
    matched_shares,
    paired_t,
    rank_correlation,
    share_interval,
    weighted_share,
)


@pytest.mark.parametrize("rounded", [False, True], ids=["all different", "with ties"])
def test_rank_correlation_is_spearmans(rounded: bool) -> None:
    draw = np.random.default_rng(0)
    one = draw.normal(size=(6, 40))
    other = draw.normal(size=(6, 40)) + np.array([0, 1, -1, 5, -5, 0.3])[:, None] * one
    if rounded:
        one, other = one.round(), other.round()
    expected = [stats.spearmanr(a, b).statistic for a, b in zip(one, other)]
    assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-12)


def test_rank_correlation_of_rows_that_order_nothing() -> None:
    rising = np.arange(5.0)
    one = np.stack([rising, np.ones(5), np.array([0, 1, np.nan, 3, 4]), rising])
    other = np.stack([-rising, rising, rising, np.exp(rising)])
    found = rank_correlation(one, other)
    assert found[[0, 3]].tolist() == pytest.approx([-1, 1])
    assert np.isnan(found[1:3]).all()


def test_rank_correlation_does_not_depend_on_the_other_rows() -> None:
    draw = np.random.default_rng(1)
    one, other = draw.normal(size=(2, 7, 12)).round(1)
    whole = rank_correlation(one, other)
    assert [float(rank_correlation(a[None], b[None])[0]) for a, b in zip(one, other)] == list(whole)


def test_paired_t_is_the_one_sample_test_of_the_differences() -> None:
    differences = np.random.default_rng(2).normal(0.3, 1, size=(4, 9))
    mean, low, high, p = paired_t(differences)
    for row, values in enumerate(differences):
        expected = stats.ttest_1samp(values, 0)
        interval = expected.confidence_interval(0.95)
        assert (low[row], high[row]) == pytest.approx((interval.low, interval.high))
        assert (mean[row], p[row]) == pytest.approx((values.mean(), expected.pvalue))


def test_half_width_at_another_level() -> None:
    assert float(half_width(np.float64(2.0), 6, 0.8)) == pytest.approx(2 * stats.t.ppf(0.9, 6))


def test_interval_of_matched_shares_is_that_of_agresti_and_min() -> None:
    """By their formula written out, with a half in each of the four cells."""
    one = np.repeat([1, 1, 0, 0], [175, 16, 54, 188])
    other = np.repeat([1, 0, 1, 0], [175, 16, 54, 188])
    difference, low, high = matched_shares(one, other)
    assert difference == pytest.approx((16 - 54) / 433)
    first, second, total = 16.5, 54.5, 435
    middle = (first - second) / total
    error = np.sqrt((first + second) / total - middle**2) / np.sqrt(total)
    assert (low, high) == pytest.approx((middle - 1.959964 * error, middle + 1.959964 * error))


def test_interval_of_a_weighted_share_covers_the_truth_of_a_rare_side() -> None:
    draw, weights = np.random.default_rng(1), [0.1, 0.9]
    truth = 0.1 * 0.7 + 0.9 * 0.95
    covered = 0
    for _ in range(1500):
        counts = [int(draw.binomial(30, 0.7)), int(draw.binomial(300, 0.95))]
        share, low, high = weighted_share(counts, [30, 300], weights)
        assert share == pytest.approx(0.1 * counts[0] / 30 + 0.9 * counts[1] / 300)
        covered += low <= truth <= high
    assert 0.94 <= covered / 1500 < 0.995


def test_interval_of_a_weighted_share_of_one_sample_is_its_own() -> None:
    assert weighted_share([7], [20], [1.0])[1:] == pytest.approx(share_interval(7, 20))


def test_interval_of_matched_shares_covers_the_truth_of_few_pairs() -> None:
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        both = draw.random(20)
        one, other = both < 0.9, both < 0.3
        _, low, high = matched_shares(one.astype(float), other.astype(float))
        covered += low <= 0.6 <= high
    assert 0.93 <= covered / 2000 <= 0.99
