"""A rule for reading: what the images do not need is left out, and thresholds are round."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from ganatomy.explain.rules.rule import Clause, Condition, Rule
from ganatomy.explain.rules.simplify import simplified
from ganatomy.explain.rules.table import ConceptTable

MAX_DIGITS = 17
"""Significant digits that tell any two doubles apart."""


def tidied(rule: Rule, table: ConceptTable) -> Rule:
    """Write a rule in few conditions and round numbers, with the same decisions on these images.

    Unlike `simplified` it may decide otherwise on other images: give it those that the rule was
    learned from. Clauses and conditions that change no decision are left out; a threshold gets
    the fewest digits that change none, and of a concept that counts it is a whole number.

    Parameters
    ----------
    rule : Rule
    table : ConceptTable
        With the rule's concepts.

    Returns
    -------
    Rule
        Simplified, never longer.

    Examples
    --------
    >>> table = ConceptTable(("holes",), ("",), torch.tensor([[0.0], [1.0], [2.0]]).double())
    >>> print(tidied(Rule(((Condition("holes", True, 0.61803),),)), table))
    holes > 0
    """
    decisions = rule.holds(table)
    wide = [_widened(clause, table, decisions) for clause in simplified(rule).clauses]
    return simplified(_with_round_thresholds(Rule(_needed(wide, table)), table))


def _widened(clause: Clause, table: ConceptTable, decisions: torch.Tensor) -> Clause:
    """Leave out conditions without which the clause holds of no image that was decided against."""
    for condition in clause:
        wider = tuple(each for each in clause if each != condition)
        if not bool((Rule((wider,)).holds(table) & ~decisions).any()):
            clause = wider
    return clause


def _needed(clauses: list[Clause], table: ConceptTable) -> tuple[Clause, ...]:
    """Leave out clauses, the longest first, whose images others hold of as well."""
    held = {clause: Rule((clause,)).holds(table).int() for clause in clauses}
    times = sum(held.values(), torch.zeros(len(table), dtype=torch.int))
    for clause in sorted(held, key=len, reverse=True):
        if bool((times - held[clause] > 0).eq(times > 0).all()):
            times = times - held.pop(clause)
    return tuple(held)


def _with_round_thresholds(rule: Rule, table: ConceptTable) -> Rule:
    """Round one threshold after the other, wherever it is used."""
    decisions = rule.holds(table)
    for concept, threshold in dict.fromkeys(
        (each.concept, each.threshold) for clause in rule.clauses for each in clause
    ):
        for number in _rounder(threshold, table.column(concept)):
            rounded = _with_threshold(rule, Condition(concept, True, threshold), number)
            if torch.equal(rounded.holds(table), decisions):
                rule = rounded
                break
    return rule


def _with_threshold(rule: Rule, old: Condition, number: float) -> Rule:
    def changed(each: Condition) -> Condition:
        is_it = (each.concept, each.threshold) == (old.concept, old.threshold)
        return replace(each, threshold=number) if is_it else each

    return Rule(tuple(tuple(map(changed, clause)) for clause in rule.clauses))


def _rounder(threshold: float, values: torch.Tensor) -> Iterator[float]:
    """Give thresholds that are easier to read, the easiest first, ending with the one given.

    Without negative zero, which would be shown with a sign.
    """
    if bool((values == values.round()).all()):
        yield float(torch.tensor(threshold).double().floor()) + 0.0
    for digits in range(1, MAX_DIGITS):
        yield float(f"{threshold:.{digits}g}") + 0.0
    yield threshold
