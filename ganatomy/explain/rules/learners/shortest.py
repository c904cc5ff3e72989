"""What learners return of all the rules that they came upon."""

from collections.abc import Iterable

import torch

from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.table import ConceptTable


def best_of_each_length(
    rules: Iterable[Rule], table: ConceptTable, decisions: torch.Tensor, *, max_length: int
) -> list[Rule]:
    """Keep of each length the rule that agrees with most decisions, shortest first.

    Rules that say the same of all images are left out, and so is a rule that agrees with no more
    decisions than a shorter one.

    Parameters
    ----------
    rules : iterable of Rule
        The first of equals is kept.
    table : ConceptTable
    decisions : Tensor of shape (n,), bool
    max_length : int
        Conditions, at most.
    """
    best: dict[int, tuple[int, Rule]] = {}
    for rule in rules:
        holds = rule.holds(table)
        if rule.length > max_length or holds.all() or not holds.any():
            continue
        agreed = int((holds == decisions).sum())
        if rule.length not in best or agreed > best[rule.length][0]:
            best[rule.length] = (agreed, rule)
    kept: list[Rule] = []
    most = 0
    for _, (agreed, rule) in sorted(best.items()):
        if agreed > most:
            kept.append(rule)
            most = agreed
    return kept
