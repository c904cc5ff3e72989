"""Thresholds moved to where most decisions are right, one after the other."""

from dataclasses import replace

import numpy as np
import torch

from ganatomy.explain.rules.cuts import edges_of
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable

MAX_ROUNDS = 4


def refined(rule: Rule, table: ConceptTable, decisions: torch.Tensor) -> Rule:
    """Move thresholds between any two values of the images, so that the rule agrees more.

    Coordinate ascent: each condition's threshold is the best one beside the others as they are,
    until none moves or after `MAX_ROUNDS` rounds. Of equally good ones the middle of the widest
    gap is taken; a threshold that is as good as any stays.

    Returns
    -------
    Rule
        With the same conditions but for their thresholds, and agreeing with no fewer decisions.
    """
    for _ in range(MAX_ROUNDS):
        before = rule
        for index, clause in enumerate(rule.clauses):
            for place in range(len(clause)):
                rule = _with_best_threshold(rule, index, place, table, decisions)
        if rule == before:
            break
    return rule


def _with_best_threshold(
    rule: Rule, index: int, place: int, table: ConceptTable, decisions: torch.Tensor
) -> Rule:
    clause = rule.clauses[index]
    others = Rule(rule.clauses[:index] + rule.clauses[index + 1 :])
    rest = Rule((clause[:place] + clause[place + 1 :],))
    decides = (rest.holds(table) & ~others.holds(table)).numpy()  # elsewhere it does not matter
    values = table.column(clause[place].concept).numpy()[decides]
    moved = _best(clause[place], values, decisions.numpy()[decides])
    whole = (*clause[:place], moved, *clause[place + 1 :])
    return Rule((*rule.clauses[:index], whole, *rule.clauses[index + 1 :]))


def _best(condition: Condition, values: np.ndarray, made: np.ndarray) -> Condition:
    """Move one threshold to where it is right for most of some values."""
    thresholds, places = edges_of(values)
    wanted = made if condition.is_above else ~made
    above = values > condition.threshold
    below = np.cumsum(~wanted[np.argsort(values, kind="stable")])
    right = below[places - 1] + wanted.sum() - (places - (below[places - 1]))
    if not len(places) or right.max() <= (above == wanted).sum():
        return condition
    ordered = np.sort(values)
    gaps = np.where(right == right.max(), ordered[places] - ordered[places - 1], -1)
    return replace(condition, threshold=float(thresholds[gaps.argmax()]))
