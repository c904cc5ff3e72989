"""Rank comparisons against scikit-learn's, and intervals that cover."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from scipy.special import ndtr
from sklearn.metrics import roc_auc_score

from ganatomy.metrics.auc import auc, auc_gain, auc_interval


@pytest.mark.parametrize("levels", [3, 1000])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (40, 7), (100, 300)])
def test_auc_agrees_with_scikit_learn(n: int, m: int, levels: int) -> None:
    draw = torch.Generator().manual_seed(n + levels)
    first = torch.randint(levels, (n,), generator=draw).double() + 1
    second = torch.randint(levels, (m,), generator=draw).double()
    truth = np.r_[np.ones(n), np.zeros(m)]
    expected = roc_auc_score(truth, torch.cat([first, second]).numpy())
    assert auc(first, second) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_interval_covers_the_truth(shift: float) -> None:
    """Normal samples: the AUC is Phi(shift / sqrt 2)."""
    truth = float(ndtr(shift / 2**0.5))
    draw = torch.Generator().manual_seed(0)
    inside, widths = 0, []
    for seed in range(80):
        first = torch.randn(120, generator=draw) + shift
        low, high = auc_interval(
            first, torch.randn(60, generator=draw), seed, level=0.8, num_replicates=100
        )
        inside += low <= truth <= high
        widths.append(high - low)
    assert 0.65 < inside / 80 < 0.92
    # Hanley and McNeil's standard error for shift 0: sqrt((n + m + 1) / 12 n m)
    if shift == 0:
        expected = 2 * 1.2816 * (181 / (12 * 120 * 60)) ** 0.5
        assert np.mean(widths) == pytest.approx(expected, rel=0.1)


def test_interval_depends_on_the_seed_alone() -> None:
    first, second = torch.arange(20.0), torch.arange(5.0, 30.0)
    torch.manual_seed(1)
    one = auc_interval(first, second, 3)
    torch.manual_seed(2)
    assert auc_interval(first, second, 3) == one
    assert auc_interval(first, second, 4) != one


def test_gain_of_other_scores() -> None:
    """Against scikit-learn, and its interval against drawing many such samples."""
    covered = 0
    for seed in range(200):
        draw = torch.Generator().manual_seed(seed)
        first, second = (torch.randn(80, 2, generator=draw).double() for _ in range(2))
        mixed = [
            torch.stack([part[:, 0], part[:, 0] + part[:, 1]], 1) + shift
            for part, shift in ((first, 1.0), (second, 0.0))
        ]
        given, other = ((mixed[0][:, k], mixed[1][:, k]) for k in (0, 1))
        gain, low, high = auc_gain(given, other)
        truth = [1] * 80 + [0] * 80
        old, new = (roc_auc_score(truth, torch.cat(each)) for each in (given, other))
        assert gain == pytest.approx(new - old)
        # positives and negatives differ by 1, and by 1 with sqrt(2) times the spread
        expected = NormalDist().cdf(0.5) - NormalDist().cdf(2**-0.5)
        covered += low <= expected <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_the_gain_by_other_scores_has_the_error_of_a_paired_bootstrap() -> None:
    draw = np.random.default_rng(0)
    truth = np.r_[np.ones(150), np.zeros(100)].astype(bool)
    given = draw.normal(size=250) + truth
    other = given + draw.normal(size=250) * 0.7

    def both(scores: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(scores[truth]), torch.from_numpy(scores[~truth])

    gain, low, high = auc_gain(both(given), both(other))
    assert gain == pytest.approx(roc_auc_score(truth, other) - roc_auc_score(truth, given))
    assert gain - low == pytest.approx(high - gain)
    drawn = []
    for _ in range(300):
        rows = np.r_[draw.integers(0, 150, 150), draw.integers(150, 250, 100)]
        first, second = (roc_auc_score(truth, scores[rows]) for scores in (given, other))
        drawn.append(second - first)
    assert (high - low) / 2 / 1.96 == pytest.approx(np.std(drawn), rel=0.2)
