"""Whether subsets that were left out are ranked rightly, against refitting and known noise."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from ganatomy.importance.datamodelling_score import datamodelling_score
from ganatomy.statistics import rank_correlation
from tests.unit.importance.retrained import Array


def _design(num_subsets: int, num_features: int, seed: int = 0) -> Array:
    """A column of ones, and features that are each in half of the subsets."""
    draw = np.random.default_rng(seed)
    while True:
        rows = np.zeros((num_subsets, num_features))
        for column in rows.T:
            column[draw.permutation(num_subsets)[: num_subsets // 2]] = 1
        whole = np.c_[np.ones(num_subsets), rows]
        left = [np.linalg.matrix_rank(np.delete(whole, at, 0)) for at in range(num_subsets)]
        if min(left) > num_features:
            return whole


def _planted(design: Array, shape: tuple[int, int], noise: float, seed: int = 1) -> Array:
    """Readouts and seeds of a shape: a sum over the features, and normal noise."""
    draw = np.random.default_rng(seed)
    signal = design[:, 1:] @ np.linspace(-2, 3, design.shape[1] - 1)
    size = (shape[0], len(design), shape[1])
    return np.asarray(signal[:, None] + noise * draw.normal(size=size))


def test_it_is_the_rank_correlation_of_models_fitted_without_the_subset() -> None:
    design = _design(15, 6)
    values = _planted(design, (4, 3), noise=4.0)
    found = datamodelling_score(design, values, draws=99)
    rows = design[:, 1:]
    for score, own in zip(found.score, values.mean(2)):
        predicted = []
        for at in range(15):
            model = LinearRegression().fit(np.delete(rows, at, 0), np.delete(own, at))
            predicted.append(model.coef_ @ (rows[at] - rows.mean(0)))
        assert score == pytest.approx(stats.spearmanr(predicted, own).statistic, abs=1e-12)


def test_a_planted_sum_is_ranked_rightly() -> None:
    design = _design(24, 8)
    found = datamodelling_score(design, _planted(design, (50, 2), noise=0.2))
    assert found.score.min() > 0.95
    assert found.low.min() > 0.7
    assert (found.low < found.score).all()
    assert (found.score < found.high).all()
    assert (found.high <= 1).all()


def test_the_interval_holds_the_score_on_new_subsets() -> None:
    """Of the same regression, on many subsets that are drawn alike, trained anew."""
    holds = []
    for seed in range(10):
        design, many = _design(24, 8, seed), _design(1000, 8, seed)
        values = _planted(design, (20, 1), noise=3.0, seed=seed)
        found = datamodelling_score(design, values, draws=199)
        slopes = LinearRegression().fit(design[:, 1:], values[:, :, 0].T).coef_
        measured = _planted(many, (20, 1), noise=3.0, seed=seed + 100)[:, :, 0]
        pairs = zip(slopes @ many[:, 1:].T, measured)
        expected = np.mean([stats.spearmanr(*pair).statistic for pair in pairs])
        holds += ((found.low <= expected) & (expected <= found.high)).tolist()
    assert np.mean(holds) > 0.93


@pytest.mark.parametrize(("num_subsets", "num_features"), [(12, 8), (24, 8)])
def test_of_pure_noise_the_interval_holds_0_at_its_rate(
    num_subsets: int, num_features: int
) -> None:
    count = 800
    design = _design(num_subsets, num_features)
    noise = np.random.default_rng(2).normal(size=(count, num_subsets, 2))
    found = datamodelling_score(design, noise, draws=199)
    outside = int(((found.low > 0) | (found.high < 0)).sum())
    low, high = stats.binom.interval(0.999, count, 0.05)
    assert low <= outside <= high
    if num_subsets > 2 * num_features:
        assert abs(found.score.mean()) < 0.03  # predictions with a constant: -0.06
    assert abs(found.seeds_agree.mean()) < 4 / np.sqrt((num_subsets - 1) * count)


def test_resampling_finished_predictions_would_be_too_narrow() -> None:
    """Why the interval is no bootstrap: the predictions of subsets share their trainings."""
    design, draw, count = _design(24, 8), np.random.default_rng(3), 300
    centred = design[:, 1:] - design[:, 1:].mean(0)
    predict = np.zeros((24, 24))
    for at in range(24):
        slopes = np.linalg.pinv(np.delete(design, at, 0))[1:]
        predict[at, np.arange(24) != at] = centred[at] @ slopes
    outside = 0
    for noise in draw.normal(size=(count, 24)):
        drawn = draw.integers(0, 24, (200, 24))
        resampled = rank_correlation((predict @ noise)[drawn], noise[drawn])
        low, high = np.quantile(resampled, [0.025, 0.975])
        outside += not low <= 0 <= high
    assert outside > stats.binom.ppf(0.999, count, 0.05)


@pytest.mark.parametrize("num_seeds", [2, 3, 4])
def test_the_ceiling_is_what_the_truth_reaches(num_seeds: int) -> None:
    design = _design(200, 8)
    values = _planted(design, (60, num_seeds), noise=4.0)
    truth = _planted(design, (1, 1), noise=0.0)[0, :, 0]
    reached = [stats.spearmanr(truth, own).statistic for own in values.mean(2)]
    found = datamodelling_score(design, values, draws=19)
    assert found.ceiling.mean() == pytest.approx(np.mean(reached), abs=0.02)
    assert found.score.mean() < found.ceiling.mean()


def test_halves_of_two_seeds_are_these_seeds() -> None:
    design = _design(16, 5)
    values = _planted(design, (3, 2), noise=3.0)
    found = datamodelling_score(design, values, draws=19)
    expected = [stats.spearmanr(own[:, 0], own[:, 1]).statistic for own in values]
    np.testing.assert_allclose(found.seeds_agree, expected, atol=1e-12)


def test_what_is_not_there() -> None:
    design = _design(12, 4)
    values = _planted(design, (3, 2), noise=1.0)
    values[0, 3, 1] = np.nan  # one GAN has diverged: its subset has the other seed
    values[1, 3] = np.nan  # a readout that the subset cannot have
    values[2] = 0.5
    found = datamodelling_score(design, values, draws=19)
    assert np.isfinite(found.score[0])
    for each in (found.score, found.low, found.high):
        assert np.isnan(each[1:]).all()
    alone = datamodelling_score(design, _planted(design, (1, 1), noise=1.0), draws=19)
    assert np.isfinite(alone.score).all()
    assert np.isnan([alone.seeds_agree, alone.ceiling]).all()


def test_same_seed_same_interval() -> None:
    design = _design(12, 4)
    values = _planted(design, (3, 2), noise=3.0)
    one, again, other = (datamodelling_score(design, values, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.low, again.low)
    assert (one.low != other.low).any()
    np.testing.assert_array_equal(one.score, other.score)
