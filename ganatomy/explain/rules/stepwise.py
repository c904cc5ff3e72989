"""Few columns whose weighted sum is near a target."""

from collections.abc import Sequence

import numpy as np

from ganatomy.statistics import Array

EXACT = 1e-9  # of the target's variance: nothing is left to explain
NEW = 1e-6  # of a column's variance, beside the columns that were taken
MAX_ROUNDS = 4


def stepwise(columns: Sequence[Array], values: Array, *, max_terms: int) -> list[tuple[int, ...]]:
    """Take columns step by step, each step the one that leaves the least squared error.

    After each step every column that was taken is exchanged for one that leaves less error beside
    the others, for as long as there is one (Miller 2002, *Subset Selection in Regression*).

    Parameters
    ----------
    columns : sequence of array of shape (n,)
    values : array of shape (n,)
    max_terms : int

    Returns
    -------
    list of tuple of int
        Places of the columns of every step: none, one, two, ... at most `max_terms`. It ends
        early where no column says more.

    Examples
    --------
    >>> a, b = np.arange(4.0), np.array([1.0, 0, 0, 1])
    >>> stepwise([b, a], a - b, max_terms=2)
    [(), (1,), (1, 0)]
    """
    steps: list[tuple[int, ...]] = [()]
    if not columns:
        return steps
    matrix = np.stack(columns, 1)
    matrix = matrix - matrix.mean(0)
    matrix = matrix / np.maximum(np.sqrt((matrix**2).sum(0)), 1e-300)
    target = values - values.mean()
    shared, toward, total = matrix.T @ matrix, matrix.T @ target, float(target @ target)
    while len(steps) <= max_terms:
        best, gain = _best(steps[-1], shared, toward)
        if gain <= EXACT * total:
            break
        steps.append(_exchanged((*steps[-1], best), shared, toward))
    return steps


def _exchanged(taken: tuple[int, ...], shared: Array, toward: Array) -> tuple[int, ...]:
    for _ in range(MAX_ROUNDS):
        before = taken
        for place in range(len(taken)):
            others = (*taken[:place], *taken[place + 1 :])
            best, gain = _best(others, shared, toward)
            if gain > (1 + EXACT) * _gains(others, shared, toward)[taken[place]]:
                taken = (*taken[:place], best, *taken[place + 1 :])
        if taken == before:
            break
    return taken


def _best(taken: tuple[int, ...], shared: Array, toward: Array) -> tuple[int, float]:
    gains = _gains(taken, shared, toward)
    best = int(gains.argmax())
    return best, float(gains[best])


def _gains(taken: tuple[int, ...], shared: Array, toward: Array) -> Array:
    """By how much each column lowers the squared error beside those that were taken."""
    at = list(taken)
    solved = np.linalg.solve(shared[np.ix_(at, at)], shared[at])
    lengths = shared.diagonal() - (shared[at] * solved).sum(0)
    left = toward - solved.T @ toward[at]
    return np.asarray(np.where(lengths > NEW, left**2 / np.maximum(lengths, NEW), 0.0))
