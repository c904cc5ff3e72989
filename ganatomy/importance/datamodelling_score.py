"""The linear datamodelling score: are subsets that a regression has not seen ranked rightly?

Spearman's rank correlation between predicted and measured readouts over held-out subsets (Park et
al. 2023, TRAK, arXiv 2303.14186; Ilyas et al. 2022, arXiv 2202.00622).
"""

from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import torch

from ganatomy.rng import generator
from ganatomy.statistics import LEVEL, Array, mean_and_error, rank_correlation

_SPLITS = 200  # of the seeds into halves; all there are, up to 9 seeds


@dataclass(frozen=True)
class DatamodellingScore:
    """The score of each of r readouts; arrays of shape (r,), in [-1, 1].

    Attributes
    ----------
    score : 1: all subsets in the right order; 0: as good as chance.
    low, high : its 95 % interval.
    seeds_agree : rank correlation of the subsets as measured with two halves of the seeds; NaN
        with one seed.
    ceiling : what a perfect prediction would reach, as what is measured is noisy.
    """

    score: Array
    low: Array
    high: Array
    seeds_agree: Array
    ceiling: Array


def datamodelling_score(
    design: Array, values: Array, *, draws: int = 999, seed: int = 0
) -> DatamodellingScore:
    """Leave each subset out, predict it from the others, and compare the orders.

    The predictions are those of coefficients fitted without the subset, and no constant: the mean
    of the others is the lower the larger what was left out is, which would rank pure noise
    backwards.

    The unit that is independent is the subset: its own trainings, of all seeds, go into no other.
    Its prediction shares the other trainings with all other predictions, though. Resampling pairs
    of prediction and measurement takes these for independent: its 95 % intervals held 0 in 86 % of
    simulations of pure noise. So the interval is as wide, on Fisher's scale, as the scores spread
    where the measurements are dealt to the subsets at random. It is exact where there is nothing
    to find, and rather too wide where there is much.

    The ceiling is the square root of the reliability of the mean over seeds, which follows from how
    two halves of them agree (Spearman 1904 and 1910, Brown 1910; made for linear correlations).

    Parameters
    ----------
    design : array of shape (n, 1 + f)
        A column of ones, and which features were changed in each subset.
    values : array of shape (r, n, s)
        Each readout of each subset with each seed; NaN where there is no such GAN.
    draws : int
        Random deals.
    seed : int
        Of the deals.

    Returns
    -------
    DatamodellingScore
        NaN where a readout is constant or not there for every subset, and where a feature is in
        (or out of) only one subset.

    Examples
    --------
    >>> left_out = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 1], [1, 0]])
    >>> design = np.c_[np.ones(6), left_out]
    >>> values = (left_out @ [3.0, 1.0] + 0.1 * np.arange(6))[None, :, None]
    >>> datamodelling_score(design, values).score.round(2).tolist()
    [1.0]
    """
    outcome, count = mean_and_error(values)[0], len(design)
    predict = _LeftOut(design)
    score = rank_correlation(predict(outcome), outcome)
    draw = generator(seed, "datamodelling score")
    by_chance = np.empty((draws, len(outcome)))
    for at in range(draws):
        dealt = outcome[:, torch.randperm(count, generator=draw).numpy()]
        by_chance[at] = _fisher(rank_correlation(predict(dealt), dealt), count)
    by_chance.sort(0)
    # one more draw of the same law lies beyond either of these in 2.5 of 100 cases
    beyond = max(round((1 - LEVEL) / 2 * (draws + 1)), 1)
    centre = _fisher(score, count)
    low, high = np.tanh(centre - by_chance[-beyond]), np.tanh(centre - by_chance[beyond - 1])
    agree = _halves_agree(values)
    return DatamodellingScore(score, low, high, agree, _ceiling(agree, values))


class _LeftOut:
    """Predictions of each subset, up to a constant, from the others."""

    def __init__(self, design: Array) -> None:
        inverse = np.linalg.pinv(design)
        leverage = np.einsum("ij,ji->i", design, inverse)
        self._design, self._inverse = design, inverse
        self._slopes = design[:, 1:] - design[:, 1:].mean(0)
        # leaving subset i out moves the coefficients by column i of the inverse times this
        left = np.where(leverage < 1 - 1e-9, 1 - leverage, np.nan)
        self._shift = np.einsum("ij,ji->i", self._slopes, inverse[1:]) / left

    def __call__(self, outcome: Array) -> Array:
        """Predict outcomes of shape (r, n)."""
        coefficients = outcome @ self._inverse.T
        residuals = outcome - coefficients @ self._design.T
        return np.asarray(coefficients[:, 1:] @ self._slopes.T - residuals * self._shift)


def _fisher(correlation: Array, count: int) -> Array:
    """Fisher's z; a perfect order counts as half a step less than that."""
    limit = 1 - 6 / (count**3 - count)
    return np.asarray(np.arctanh(correlation.clip(-limit, limit)))


def _halves_agree(values: Array) -> Array:
    """Rank correlation over subsets between halves of the seeds, averaged over splits."""
    num_seeds = values.shape[2]
    half = num_seeds // 2
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for first in islice(combinations(range(num_seeds), half), _SPLITS if half else 0):
        second = [at for at in range(num_seeds) if at not in first][:half]
        found = rank_correlation(
            mean_and_error(values[:, :, list(first)])[0], mean_and_error(values[:, :, second])[0]
        )
        total += np.where(np.isnan(found), 0, found)
        count += ~np.isnan(found)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _ceiling(agree: Array, values: Array) -> Array:
    """The root of the reliability of all seeds together, from that of half of them."""
    times = values.shape[2] / max(values.shape[2] // 2, 1)
    agree = np.maximum(agree, 0)
    return np.asarray(np.sqrt(times * agree / (1 + (times - 1) * agree)))
