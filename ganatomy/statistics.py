"""Statistics that several explanations share: false discovery rates, means, tests, intervals."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr  # scipy.stats takes a second to import

Array = NDArray[np.float64]

LEVEL = 0.95  # of every interval of an effect


def benjamini_hochberg(p: Array) -> Array:
    """Adjusted p values: rejecting those with q <= x keeps the false discovery rate at x.

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
    """Chance of a t at least this far from 0; NaN for NaN."""
    return np.asarray(2 * stdtr(freedom, -np.abs(t)), dtype=float)


def mean_and_error(values: Array) -> tuple[Array, Array, Array]:
    """Mean over the last axis, its standard error and degrees of freedom; NaN is left out.

    The error is NaN for fewer than two values, and the mean for none.
    """
    there = np.isfinite(values)
    count = there.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0).sum(-1) / count
        squares = np.where(there, values - mean[..., None], 0) ** 2
        error = np.sqrt(squares.sum(-1) / (count - 1) / count)
    return mean, np.where(count > 1, error, np.nan), np.maximum(count - 1.0, 0)


def mark(table: pd.DataFrame, fdr: float | None) -> pd.DataFrame:
    """Add q and stands_out to a table that has p; without `fdr` they are NaN and False."""
    q = np.full(len(table), np.nan) if fdr is None else benjamini_hochberg(table["p"].to_numpy())
    return table.assign(q=q, stands_out=np.less_equal(q, np.nan if fdr is None else fdr))
