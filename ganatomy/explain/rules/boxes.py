"""Clauses as boxes: each concept within an interval, open below and closed above."""

from collections.abc import Iterable, Mapping
from math import inf

from ganatomy.explain.rules.rule import Clause, Condition, Rule

Interval = tuple[float, float]
"""Above the first and not above the second; infinite where nothing is asked."""
Box = dict[str, Interval]
"""An interval for each concept that is asked for."""
EVERYTHING: Interval = (-inf, inf)


def box_of(clause: Clause) -> Box | None:
    """Merge the conditions on each concept of a clause; None where they contradict each other.

    Examples
    --------
    >>> box_of((Condition("x", True, 1.0), Condition("x", True, 2.0)))
    {'x': (2.0, inf)}
    """
    box: Box = {}
    for condition in clause:
        low, high = box.get(condition.concept, EVERYTHING)
        if condition.is_above:
            low = max(low, condition.threshold)
        else:
            high = min(high, condition.threshold)
        if low >= high:
            return None
        box[condition.concept] = (low, high)
    return {concept: interval for concept, interval in box.items() if interval != EVERYTHING}


def clause_of(box: Mapping[str, Interval]) -> Clause:
    """Write a box as conditions, in the order of the concepts' names."""
    conditions: list[Condition] = []
    for concept, (low, high) in sorted(box.items()):
        conditions += [Condition(concept, True, low)] if low > -inf else []
        conditions += [Condition(concept, False, high)] if high < inf else []
    return tuple(conditions)


def as_rule(boxes: Iterable[Mapping[str, Interval]]) -> Rule:
    """Write boxes as a rule, the shortest clause first."""
    clauses = {clause_of(box) for box in boxes}
    return Rule(tuple(sorted(clauses, key=lambda clause: (len(clause), clause))))


def contains(outer: Box, inner: Box) -> bool:
    """Say whether all that is in the inner box is in the outer one."""
    return all(
        low <= inner.get(concept, EVERYTHING)[0] and inner.get(concept, EVERYTHING)[1] <= high
        for concept, (low, high) in outer.items()
    )


def joined(one: Box, other: Box) -> Box | None:
    """Give the one box that is exactly two boxes; None where there is none.

    There is where one contains the other, or where they differ in one concept alone, in which
    their intervals meet.

    Examples
    --------
    >>> joined({"x": (1.0, inf), "y": (0.0, inf)}, {"x": (-inf, 1.0), "y": (0.0, inf)})
    {'y': (0.0, inf)}
    """
    if contains(one, other):
        return one
    if contains(other, one):
        return other
    concepts = {**one, **other}
    apart = [name for name in concepts if one.get(name) != other.get(name)]
    if len(apart) != 1 or apart[0] not in one or apart[0] not in other:
        return None
    (low, high), (other_low, other_high) = one[apart[0]], other[apart[0]]
    if high < other_low or other_high < low:
        return None
    box = {**one, apart[0]: (min(low, other_low), max(high, other_high))}
    return {name: interval for name, interval in box.items() if interval != EVERYTHING}
