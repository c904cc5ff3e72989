"""Cuts of a concept between two of its values: where it could matter for a decision."""

from collections.abc import Iterator

import numpy as np
import torch
from scipy.special import entr

from ganatomy.explain.rules.rule import Condition
from ganatomy.explain.rules.table import ConceptTable

NUM_QUANTILES = 3
DEPTH = 2
"""Of the tree of cuts by information gain: up to three cuts."""


def edges_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the cuts between neighbouring values, and how many values are not above each.

    Parameters
    ----------
    values : array of shape (n,)

    Returns
    -------
    thresholds, places : arrays of shape (different values - 1,)
        Midpoints, upward.
    """
    ordered = np.sort(values)
    places = np.flatnonzero(ordered[1:] > ordered[:-1]) + 1
    low, high = ordered[places - 1], ordered[places]
    middle = low + (high - low) / 2
    return np.where(middle < high, middle, low), places  # of neighbouring doubles: the lower


def cuts_of(table: ConceptTable, decisions: torch.Tensor) -> list[Condition]:
    """Choose cuts of each concept: its quartiles, and those that tell most about the decision.

    The quartiles are for concepts that matter only beside others; the others are a small tree's,
    by information gain.

    Parameters
    ----------
    table : ConceptTable
    decisions : Tensor of shape (n,), bool

    Returns
    -------
    list of Condition
        Each above its threshold; none of a concept that is constant.
    """
    made = decisions.numpy()
    columns = zip(table.names, table.values.numpy().T)
    return [
        Condition(name, True, threshold)
        for name, values in columns
        for threshold in sorted({*_quantiles(values), *_informative(values, made, DEPTH)})
    ]


def _quantiles(values: np.ndarray) -> list[float]:
    """Give the cuts nearest to quantiles that part the values evenly."""
    thresholds, places = edges_of(values)
    wanted = [len(values) * part / (NUM_QUANTILES + 1) for part in range(1, NUM_QUANTILES + 1)]
    if not len(places):
        return []
    return [float(thresholds[np.abs(places - each).argmin()]) for each in wanted]


def _informative(values: np.ndarray, made: np.ndarray, depth: int) -> Iterator[float]:
    """Give the cut after which least is unknown of the decision, then those of its two sides."""
    thresholds, places = edges_of(values)
    if not depth or not len(places) or made.all() or not made.any():
        return
    below = np.cumsum(made[np.argsort(values, kind="stable")])[places - 1]
    counts = np.array([places, len(made) - places])
    shares = np.array([below, made.sum() - below]) / counts
    unknown = (counts * (entr(shares) + entr(1 - shares))).sum(0)
    threshold = float(thresholds[unknown.argmin()])
    yield threshold
    for side in (values > threshold, values <= threshold):
        yield from _informative(values[side], made[side], depth - 1)
