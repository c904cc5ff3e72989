"""A weighted sum of clauses that decides by a threshold, written as one rule."""

from collections.abc import Sequence
from itertools import product
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.explain.rules.rule import Clause, Condition, Rule
from ganatomy.explain.rules.table import ConceptTable

MAX_CELLS = 1024
Cell = tuple[int, ...]


def rule_of_sum(terms: Sequence[tuple[Clause, float]], *, above: float) -> Rule | None:
    """Write where a weighted sum of clauses is above a threshold, exactly.

    The thresholds cut each concept into intervals, and the concepts' space into cells in which the
    sum is constant; those in which it is above are covered by boxes that are as large as can be.

    Parameters
    ----------
    terms : sequence of (Clause, float)
        A clause, and what is added where it holds.
    above : float

    Returns
    -------
    Rule or None
        None for more than `MAX_CELLS` cells: no rule for reading.

    Examples
    --------
    >>> a, b = Condition("a", True, 0.0), Condition("b", True, 0.0)
    >>> print(rule_of_sum([((a,), 1.0), ((b,), 1.0)], above=1.5))
    a > 0 and b > 0
    """
    limits = _limits(terms)
    shape = [len(each) + 1 for each in limits.values()]
    if prod(shape) > MAX_CELLS:
        return None
    points = [[*each, each[-1] + 1] for each in limits.values()]
    values = torch.tensor(list(product(*points)), dtype=torch.float64)
    cells = ConceptTable(tuple(limits), ("",) * len(limits), values.reshape(prod(shape), -1))
    total = sum(
        (weight * Rule((clause,)).holds(cells).double() for clause, weight in terms),
        torch.zeros(len(cells), dtype=torch.float64),
    )
    decides = (total > above).numpy().reshape(shape)
    return Rule(tuple(_clause(box, limits) for box in _boxes(decides)))


def _limits(terms: Sequence[tuple[Clause, float]]) -> dict[str, list[float]]:
    """Thresholds of each concept, rising."""
    found: dict[str, set[float]] = {}
    for clause, _ in terms:
        for condition in clause:
            found.setdefault(condition.concept, set()).add(condition.threshold)
    return {concept: sorted(found[concept]) for concept in sorted(found)}


def _boxes(decides: NDArray[np.bool_]) -> list[tuple[slice, ...]]:
    """Boxes that together cover the cells that are true, and no others."""
    left, found = decides.copy(), []
    while left.any():
        cell: Cell = tuple(int(place) for place in np.argwhere(left)[0])
        box = _grown(cell, decides)
        left[box] = False
        found.append(box)
    return found


def _grown(cell: Cell, decides: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Grow a cell to both sides of each axis for as long as all within decides."""
    box = [slice(place, place + 1) for place in cell]
    for axis, length in enumerate(decides.shape):
        while box[axis].start > 0 and decides[_moved(box, axis, -1, 0)].all():
            box = list(_moved(box, axis, -1, 0))
        while box[axis].stop < length and decides[_moved(box, axis, 0, 1)].all():
            box = list(_moved(box, axis, 0, 1))
    return tuple(box)


def _moved(box: Sequence[slice], axis: int, start: int, stop: int) -> tuple[slice, ...]:
    wider = slice(box[axis].start + start, box[axis].stop + stop)
    return (*box[:axis], wider, *box[axis + 1 :])


def _clause(box: tuple[slice, ...], limits: dict[str, list[float]]) -> Clause:
    conditions = []
    for (concept, thresholds), side in zip(limits.items(), box):
        if side.start > 0:
            conditions.append(Condition(concept, True, thresholds[side.start - 1]))
        if side.stop <= len(thresholds):
            conditions.append(Condition(concept, False, thresholds[side.stop - 1]))
    return tuple(conditions)
