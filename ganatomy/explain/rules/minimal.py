"""The shortest rule that says the same: prime boxes by Quine and McCluskey, and a cover by them."""

from dataclasses import dataclass
from functools import cached_property
from math import inf, prod

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from ganatomy.explain.rules.boxes import EVERYTHING, Box, Interval

MAX_BOXES = 3**9
"""Boxes to look through, at most: nine thresholds on nine concepts, more on fewer."""
PER_CLAUSE = 1 / 64
"""What a clause costs, where a condition costs 1: of two equally long rules, fewer clauses win."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells between the thresholds of boxes; within a cell no condition changes.

    Attributes
    ----------
    edges : dict of str to tuple of float
        By concept, in the order of their names: -inf, the thresholds upward, inf.
    """

    edges: dict[str, tuple[float, ...]]

    @classmethod
    def between(cls, boxes: list[Box]) -> "Grid":
        """Lay the grid of all thresholds of some boxes."""
        concepts = sorted({concept for box in boxes for concept in box})
        asked = {name: [box.get(name, EVERYTHING) for box in boxes] for name in concepts}
        edges = {
            name: tuple(sorted({*EVERYTHING, *(edge for interval in each for edge in interval)}))
            for name, each in asked.items()
        }
        return cls(edges)

    @cached_property
    def spans(self) -> list[list[tuple[int, int]]]:
        """Intervals of each concept, as the first cell and the one after the last."""
        counts = [len(edges) - 1 for edges in self.edges.values()]
        return [[(i, j) for i in range(n) for j in range(i + 1, n + 1)] for n in counts]

    @property
    def num_boxes(self) -> int:
        """Boxes whose sides are thresholds."""
        return prod(len(spans) for spans in self.spans)

    def cells(self, box: Box) -> np.ndarray:
        """Say of each cell whether it is in a box: booleans, an axis for each concept."""
        inside = np.ones([len(edges) - 1 for edges in self.edges.values()], dtype=bool)
        for axis, (name, edges) in enumerate(self.edges.items()):
            low, high = box.get(name, EVERYTHING)
            found = (np.array(edges[:-1]) >= low) & (np.array(edges[1:]) <= high)
            inside &= found.reshape([-1 if each == axis else 1 for each in range(inside.ndim)])
        return inside

    def box(self, place: tuple[int, ...]) -> Box:
        """Give the box that has these intervals of `spans`."""
        box: Box = {}
        for spans, (name, edges), which in zip(self.spans, self.edges.items(), place):
            low, high = spans[which]
            interval: Interval = (edges[low], edges[high])
            box |= {name: interval} if interval != EVERYTHING else {}
        return box


def shortest_cover(boxes: list[Box]) -> list[Box] | None:
    """Give boxes that hold exactly where some of these do, with the fewest sides in all.

    Prime implicants of intervals instead of truth values (Quine 1952; McCluskey 1956); those that
    alone hold a cell are taken, and the rest is a set cover, solved exactly by `scipy`.

    Returns
    -------
    list of dict, or None
        None where there are more than `MAX_BOXES` to look through.
    """
    grid = Grid.between(boxes)
    if not boxes or grid.num_boxes > MAX_BOXES:
        return None
    truth = np.any([grid.cells(box) for box in boxes], axis=0)
    primes = [grid.box(tuple(place)) for place in np.argwhere(_primes(grid, truth)).tolist()]
    covers = np.array([grid.cells(box)[truth] for box in primes])
    return [primes[which] for which in _cover(covers, np.array([_cost(box) for box in primes]))]


def _cost(box: Box) -> float:
    sides = sum((low > -inf) + (high < inf) for low, high in box.values())
    return sides + PER_CLAUSE


def _primes(grid: Grid, truth: np.ndarray) -> np.ndarray:
    """Say of each box whether it is true throughout, and no larger one is."""
    whole = truth
    for axis, spans in enumerate(grid.spans):
        parts = [whole.take(range(*span), axis).all(axis) for span in spans]
        whole = np.stack(parts, axis)
    larger = np.zeros_like(whole)
    for axis, spans in enumerate(grid.spans):
        place = {span: index for index, span in enumerate(spans)}
        for grown in ([(i - 1, j) for i, j in spans], [(i, j + 1) for i, j in spans]):
            known = [span in place for span in grown]
            moved = whole.take([place.get(span, 0) for span in grown], axis)
            shape = [-1 if each == axis else 1 for each in range(whole.ndim)]
            larger |= moved & np.array(known).reshape(shape)
    return np.asarray(whole & ~larger)


def _cover(covers: np.ndarray, costs: np.ndarray) -> list[int]:
    """Choose rows that hold every column between them, at the lowest cost."""
    alone = covers[:, covers.sum(0) == 1].any(1)
    open_cells = ~covers[alone].any(0)
    if open_cells.any():
        needed = np.unique(covers[:, open_cells], axis=1).T.astype(float)
        found = milp(
            costs, integrality=1, bounds=Bounds(0, 1), constraints=LinearConstraint(needed, lb=1)
        )
        alone |= found.x > 0.5
    return np.flatnonzero(alone).tolist()
