"""Statistics that several explanations share: false discovery rates, means, tests, intervals."""

from collections.abc import Sequence
from math import hypot

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri, stdtr, stdtrit  # scipy.stats takes a second to import

Array = NDArray[np.float64]

LEVEL = 0.95  # of every interval of an effect


def benjamini_hochberg(p: Array) -> Array:
    """Adjust p values: rejecting those with q <= x keeps the false discovery rate at x.

    Benjamini & Hochberg 1995. Holds for independent tests, and for positively dependent ones
    (Benjamini & Yekutieli 2001) as those are that share their nulls.

    Parameters
    ----------
    p : array of shape (n,), in [0, 1]
        NaN: not tested. It stays NaN and does not count.

    Returns
    -------
    array of shape (n,)
    """
    p = np.asarray(p, dtype=float)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    falling = tested[np.argsort(-p[tested], kind="stable")]
    rank = np.arange(len(tested), 0, -1)
    q[falling] = np.minimum.accumulate(p[falling] * len(tested) / rank)
    return q.clip(max=1)


def two_sided_p(t: Array, freedom: Array | float) -> Array:
    """Return the chance of a t at least this far from 0; NaN for NaN."""
    return np.asarray(2 * stdtr(freedom, -np.abs(t)), dtype=float)


def mean_and_error(values: Array) -> tuple[Array, Array, Array]:
    """Average over the last axis, with standard error and degrees of freedom; NaN is left out.

    The error is NaN for fewer than two values, and the mean for none.
    """
    there = np.isfinite(values)
    count = there.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0).sum(-1) / count
        squares = np.where(there, values - mean[..., None], 0) ** 2
        error = np.sqrt(squares.sum(-1) / (count - 1) / count)
    return mean, np.where(count > 1, error, np.nan), np.maximum(count - 1.0, 0)


def half_width(error: Array | float, freedom: Array | float, level: float = LEVEL) -> Array:
    """Return half of Student's t interval around a mean of this standard error."""
    return np.asarray(error * stdtrit(freedom, (1 + level) / 2), dtype=float)


def share_interval(count: float, total: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share: right at least as often as `level` says.

    Unlike a bootstrap's, it keeps its width where none or all were counted.

    Parameters
    ----------
    count : float
        From 0 to `total`; a tie may count half.
    total : int, above 0
    level : float in (0, 1)

    Returns
    -------
    (low, high), in [0, 1]

    Examples
    --------
    >>> [round(end, 3) for end in share_interval(0, 10)]
    [0.0, 0.308]
    """
    tail = (1 - level) / 2
    low = betaincinv(count, total - count + 1, tail) if count > 0 else 0.0
    high = betaincinv(count + 1, total - count, 1 - tail) if count < total else 1.0
    return float(low), float(high)


def weighted_share(
    counts: Sequence[int], totals: Sequence[int], weights: Sequence[float]
) -> tuple[float, float, float]:
    """Return the weighted mean of shares of independent samples, with its 95 % interval.

    Each share's own interval (`share_interval`) is combined with the others' by its distance from
    the share, as variances are (Zou & Donner 2008, doi 10.1002/sim.3095).

    Parameters
    ----------
    counts, totals : sequence of int
        Of each sample; totals above 0.
    weights : sequence of float, in [0, 1]
        Known, with sum 1.

    Returns
    -------
    (share, low, high), in [0, 1]

    Examples
    --------
    >>> [round(value, 3) for value in weighted_share([90, 10], [100, 100], [0.5, 0.5])]
    [0.5, 0.454, 0.546]
    """
    shares = [count / total for count, total in zip(counts, totals)]
    ends = [share_interval(count, total) for count, total in zip(counts, totals)]
    mean = sum(weight * share for weight, share in zip(weights, shares))
    below, above = (
        hypot(*(weight * (share - end[side]) for weight, share, end in zip(weights, shares, ends)))
        for side in (0, 1)
    )
    return mean, max(0.0, mean - below), min(1.0, mean + above)


def paired_t(differences: Array) -> tuple[Array, Array, Array, Array]:
    """Return the mean over the last axis, its 95 % interval and two-sided p; NaN is left out.

    Interval and p are NaN for fewer than two values. p is 1 where all are 0: nothing speaks
    against no difference.
    """
    mean, error, freedom = mean_and_error(differences)
    half = half_width(error, freedom)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where((mean == 0) & (error == 0), 0.0, mean / error)
    return mean, mean - half, mean + half, two_sided_p(t, freedom)


def matched_shares(one: Array, other: Array, level: float = LEVEL) -> tuple[float, float, float]:
    """Return the difference of two shares of the same things, with its interval.

    Wald's with a half added to each kind of pair (Agresti & Min 2005, doi 10.1002/sim.1781): unlike
    a paired t it has a width where all pairs are alike.

    Parameters
    ----------
    one, other : array of shape (n,), 0 or 1
    level : float in (0, 1)

    Returns
    -------
    (difference, low, high), in [-1, 1]
        The difference is that of the shares; the interval lies about one a little nearer to 0.

    Examples
    --------
    >>> [round(value, 2) for value in matched_shares(np.ones(20), np.zeros(20))]
    [1.0, 0.76, 1.0]
    """
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    first, second = ((a > b).sum() + 0.5 for a, b in ((one, other), (other, one)))
    count = len(one) + 2
    middle = (first - second) / count
    half = ndtri((1 + level) / 2) * np.sqrt(first + second - count * middle**2) / count
    low, high = (float(np.clip(end, -1, 1)) for end in (middle - half, middle + half))
    return float(np.mean(one) - np.mean(other)), low, high


def rank_correlation(one: Array, other: Array) -> Array:
    """Return Spearman's rank correlation of each row with the same row of another table.

    Equal values share their mean rank.

    Parameters
    ----------
    one, other : array of shape (n, k)

    Returns
    -------
    array of shape (n,), in [-1, 1]
        NaN where a row is constant or not finite.
    """
    first, second = _centred_ranks(one), _centred_ranks(other)
    with np.errstate(invalid="ignore", divide="ignore"):
        # ranks are multiples of 1/2: these sums are exact whatever their order
        scale = np.true_divide(1, first.shape[1] - 1)
        correlations = (first * second).sum(1) * scale
        for ranks in (first, second):
            correlations = correlations / np.sqrt((ranks * ranks).sum(1) * scale)
    return np.asarray(correlations.clip(-1, 1), dtype=float)


def _centred_ranks(values: Array) -> Array:
    """Ranks along each row about their mean; NaN for a row that is not finite."""
    values = np.asarray(values)
    count, length = values.shape
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, 1)
    begins = np.ones(values.shape, dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    group = begins.ravel().cumsum() - 1
    places = np.tile(np.arange(length, dtype=float), count)
    means = np.bincount(group, places) / np.maximum(np.bincount(group), 1)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, means[group].reshape(values.shape) - (length - 1) / 2, 1)
    ranks[~np.isfinite(values).all(1)] = np.nan
    return ranks


def mark(table: pd.DataFrame, fdr: float | None) -> pd.DataFrame:
    """Add q and stands_out to a table that has p; without `fdr` they are NaN and False."""
    q = np.full(len(table), np.nan) if fdr is None else benjamini_hochberg(table["p"].to_numpy())
    return table.assign(q=q, stands_out=np.less_equal(q, np.nan if fdr is None else fdr))
