"""Regions of concept space in which one group of images is and another is not, as conjunctions."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganatomy.explain.rules.rule import Clause, Condition
from ganatomy.explain.rules.table import ConceptTable

Gain = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""How good a region is by its images of the group and of the others: float64 of any one shape."""

_QUANTILES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98)
_BETWEEN = (0.25, 0.5, 0.75)  # of the range: quantiles of a probability all lie at its ends
_BEAM = 60  # pairs that a third condition is tried with
_ROUNDS = 2


@dataclass(frozen=True)
class Region:
    """A conjunction, and what it is worth by the images that it was found on."""

    clause: Clause
    gain: float


def best_regions(
    table: ConceptTable,
    group: torch.Tensor,
    gain: Gain,
    *,
    is_allowed: Gain | None = None,
    max_length: int = 3,
) -> list[Region]:
    """Search for the conjunction of each length that gains most.

    All of one and of two conditions are tried with thresholds at quantiles; of three, what the
    best pairs become by one more. Then each threshold is moved to where it gains most.

    Parameters
    ----------
    table : ConceptTable
    group : Tensor of shape (n,), bool
    gain : callable
    is_allowed : callable, optional
        By the same counts: a tensor of bool; other regions are not returned.
    max_length : int from 1 to 3

    Returns
    -------
    list of Region
        At most one of each length, the shortest first.

    Examples
    --------
    >>> values = torch.arange(8.0).double()[:, None]
    >>> table = ConceptTable(("size",), ("",), values)
    >>> [found] = best_regions(table, values[:, 0] > 4, torch.sub, max_length=1)
    >>> print(found.clause[0], found.gain)
    size > 4.5 3.0
    """
    score = _Score(gain, is_allowed)
    found = []
    for clauses in _searched(_Grid.of(table), group, score, max_length):
        clause = _refined(clauses, table, group, score)
        inside = _inside(clause, table)
        counts = (inside & group).sum().double(), (inside & ~group).sum().double()
        if float(value := score.of(*counts)) > -torch.inf:
            found.append(Region(_ordered(clause, table), float(value)))
    return found


def worthwhile(regions: list[Region], cost: float) -> Region | None:
    """Choose the region that gains most after what each of its conditions costs, if any is left.

    Examples
    --------
    >>> one, two = Condition("size", True, 1.0), Condition("holes", False, 0.0)
    >>> regions = [Region((one,), 30.0), Region((one, two), 39.0)]
    >>> [len(worthwhile(regions, cost).clause) for cost in (8.0, 10.0)], worthwhile(regions, 40.0)
    ([2, 1], None)
    """
    left = [(each.gain - cost * len(each.clause), each) for each in regions]
    gained, best = max(left, key=lambda each: each[0], default=(0.0, None))
    return best if gained > 0 else None


def _ordered(clause: Clause, table: ConceptTable) -> Clause:
    """In the order of the concepts in the table; of one concept the lower first."""
    return tuple(sorted(clause, key=lambda each: (table.names.index(each.concept), each.threshold)))


def num_conditions(table: ConceptTable) -> int:
    """Count the conditions that there are to choose from in a table, at least 2."""
    return max(2, 2 * sum(len(thresholds(table.column(name))) for name in table.names))


def thresholds(column: torch.Tensor) -> list[float]:
    """Place thresholds between neighbouring values: at quantiles, and evenly over the range."""
    values = column.unique()
    if len(values) < 2:
        return []
    at = torch.tensor(_QUANTILES, dtype=values.dtype)
    even = values[0] + (values[-1] - values[0]) * torch.tensor(_BETWEEN, dtype=values.dtype)
    wanted = torch.cat([column.quantile(at), even])
    places = torch.searchsorted(values, wanted, right=True).clamp(1, len(values) - 1).unique()
    return _between(values, places).tolist()


def _between(values: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    return (values[places - 1] + values[places]) / 2


class _Score:
    """Gains, and minus infinity for what is not allowed."""

    def __init__(self, gain: Gain, is_allowed: Gain | None) -> None:
        self.gain = gain
        self._is_allowed = is_allowed

    def of(self, inside: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        gained = self.gain(inside, others)
        if self._is_allowed is None:
            return gained
        return torch.where(self._is_allowed(inside, others), gained, -torch.inf)


@dataclass(frozen=True, eq=False)
class _Grid:
    """Conditions, and for each image whether each holds, float32 of shape (n, conditions)."""

    conditions: tuple[Condition, ...]
    holds: torch.Tensor

    @staticmethod
    def of(table: ConceptTable) -> "_Grid":
        conditions, columns = [], []
        for name in table.names:
            for threshold in thresholds(table.column(name)):
                for is_above in (True, False):
                    conditions.append(Condition(name, is_above, threshold))
                    columns.append(conditions[-1].holds(table).float())
        empty = torch.zeros(len(table), 0)
        return _Grid(tuple(conditions), torch.stack(columns, 1) if columns else empty)

    def apart(self) -> torch.Tensor:
        """Say which pairs are two conditions: not of one concept and side."""
        sides: dict[tuple[str, bool], int] = {}
        keys = [(each.concept, each.is_above) for each in self.conditions]
        numbers = torch.tensor([sides.setdefault(key, len(sides)) for key in keys])
        return numbers[:, None] != numbers[None, :]


def _searched(grid: _Grid, group: torch.Tensor, score: _Score, max_length: int) -> list[Clause]:
    if not grid.conditions:
        return []
    of_group, of_others = grid.holds[group], grid.holds[~group]
    found = []
    singles = of_group.sum(0).double(), of_others.sum(0).double()
    found += _best(score.of(*singles)[:, None], [()], grid)
    if max_length > 1:
        # counts below 2^24 are exact in float32
        pairs = (of_group.T @ of_group).double(), (of_others.T @ of_others).double()
        apart = grid.apart()
        starts: list[Clause] = [(condition,) for condition in grid.conditions]
        found += _best(torch.where(apart, score.of(*pairs), -torch.inf).T, starts, grid)
    if max_length > 2:
        gains = torch.where(apart.triu(), score.gain(*pairs), -torch.inf).flatten()
        best = gains.topk(min(_BEAM, len(gains))).indices
        one, other = best // len(grid.conditions), best % len(grid.conditions)
        started = [
            (of[:, one] * of[:, other]).T @ of for of in (of_group, of_others)
        ]  # (pairs, conditions)
        gains = torch.where(
            apart[one] & apart[other],
            score.of(started[0].double(), started[1].double()),
            -torch.inf,
        )
        starts = [(grid.conditions[i], grid.conditions[j]) for i, j in zip(one, other)]
        found += _best(gains.T, starts, grid)
    return found


def _best(gains: torch.Tensor, starts: list[Clause], grid: _Grid) -> list[Clause]:
    """The best of gains of shape (conditions, starts), as a clause; none where none is allowed."""
    place = int(gains.argmax())
    if not float(gains.flatten()[place]) > -torch.inf:
        return []
    return [(*starts[place % len(starts)], grid.conditions[place // len(starts)])]


def _inside(clause: Clause, table: ConceptTable) -> torch.Tensor:
    inside = torch.ones(len(table), dtype=torch.bool)
    for condition in clause:
        inside &= condition.holds(table)
    return inside


def _refined(clause: Clause, table: ConceptTable, group: torch.Tensor, score: _Score) -> Clause:
    conditions = list(clause)
    for _ in range(_ROUNDS):
        for place, condition in enumerate(conditions):
            others = _inside((*conditions[:place], *conditions[place + 1 :]), table)
            conditions[place] = _moved(condition, table.take(others), group[others], score)
    return tuple(conditions)


def _moved(
    condition: Condition, table: ConceptTable, group: torch.Tensor, score: _Score
) -> Condition:
    """Move a threshold to where it gains most among images of which all else holds."""
    values, place = table.column(condition.concept).unique(return_inverse=True)
    if len(values) < 2:
        return condition
    counts = torch.zeros(2, len(values), dtype=torch.float64)
    counts[0].index_add_(0, place, group.double())
    counts[1].index_add_(0, place, (~group).double())
    below = counts.cumsum(1)[:, :-1]  # not above the place between two values
    inside = counts.sum(1, keepdim=True) - below if condition.is_above else below
    gains = score.of(inside[0], inside[1])
    if not float(gains.max()) > -torch.inf:
        return condition
    best = (gains == gains.max()).nonzero()[:, 0]
    middle = best[len(best) // 2 : len(best) // 2 + 1]
    threshold = float(_between(values, middle + 1))
    return Condition(condition.concept, condition.is_above, threshold)
