"""How sure a share is: exact intervals and exact chances."""

import numpy as np
from scipy.special import betaln  # scipy.stats takes a second to import

from ganatomy.statistics import share_interval

__all__ = ["chance_of_at_least", "chance_of_at_most", "share_interval"]


def chance_of_at_least(count: int, total: int, rank: int, *, calibrated_on: int) -> float:
    """Return the chance that so many of `total` points lie below the `rank`-th of other points.

    Exact when both sets are drawn alike from any continuous distribution: the share below that
    order statistic is Beta(rank, calibrated_on + 1 - rank), the count beta-binomial.

    Parameters
    ----------
    count, total : int
        0 <= count <= total.
    rank, calibrated_on : int
        1 <= rank <= calibrated_on.
    """
    return _beta_binomial_tail(count, total, rank, calibrated_on + 1 - rank)


def chance_of_at_most(count: int, total: int, share_of: int, *, among: int) -> float:
    """Return the chance of so few in `total` draws, given `share_of` in `among` other draws.

    The unknown share has Jeffreys' posterior, Beta(share_of + 1/2, among - share_of + 1/2).

    Parameters
    ----------
    count, total, share_of, among : int
    """
    return 1 - _beta_binomial_tail(count + 1, total, share_of + 0.5, among - share_of + 0.5)


def _beta_binomial_tail(count: int, total: int, a: float, b: float) -> float:
    """P(K >= count) for a beta-binomial K of `total` draws."""
    k = np.arange(count, total + 1)
    log_choose = -betaln(total - k + 1, k + 1) - np.log(total + 1)
    terms = np.exp(log_choose + betaln(k + a, total - k + b) - betaln(a, b))
    return min(float(terms.sum()), 1.0)
