"""What learners return of all the rules that they came upon."""

from collections.abc import Iterable, Iterator

import torch

from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.tidy import tidied

MAX_PRUNED = 24  # conditions; the rule of a learner that is longer says nothing to a reader


def best_of_each_length(
    rules: Iterable[Rule], table: ConceptTable, decisions: torch.Tensor, *, max_length: int
) -> list[Rule]:
    """Tidy and prune rules, and keep of each length the one that agrees with most decisions.

    Rules that say the same of all images are left out, and so is a rule that agrees with no more
    decisions than a shorter one.

    Parameters
    ----------
    rules : iterable of Rule
        The first of equals is kept.
    table : ConceptTable
        Of the images that they were learned from.
    decisions : Tensor of shape (n,), bool
    max_length : int
        Conditions, at most.

    Returns
    -------
    list of Rule
        Shortest first.
    """
    best: dict[int, tuple[int, Rule]] = {}
    for found in rules:
        for rule in pruned(tidied(found, table), table, decisions):
            agreed = int((rule.holds(table) == decisions).sum())
            if rule.length <= max_length and agreed > best.get(rule.length, (0, rule))[0]:
                best[rule.length] = (agreed, rule)
    kept: dict[int, Rule] = {}
    most = max(int(decisions.sum()), int((~decisions).sum()))
    for _, (agreed, rule) in sorted(best.items()):
        if agreed > most:
            shown = tidied(rule, table)  # may have become shorter, and stands for an earlier one
            kept[shown.length] = shown
            most = agreed
    return [kept[length] for length in sorted(kept)]


def pruned(rule: Rule, table: ConceptTable, decisions: torch.Tensor) -> Iterator[Rule]:
    """Yield a rule, and it without one condition after another (Quinlan 1987).

    Left out is each time the condition without which the rule agrees with most decisions.

    Examples
    --------
    >>> from ganatomy.explain.rules.rule import Condition
    >>> values = torch.tensor([[1.0, 1], [1, 0], [0, 1]]).double()
    >>> table = ConceptTable(("a", "b"), ("", ""), values)
    >>> rule = Rule(((Condition("a", True, 0.5), Condition("b", True, 0.5)),))
    >>> print(*pruned(rule, table, table.column("a") > 0.5), sep="; ")
    a > 0.5 and b > 0.5; a > 0.5
    """
    if rule.length > MAX_PRUNED:
        return
    while rule.length:
        yield rule
        rule = max(
            _without_one(rule),
            key=lambda each: int((each.holds(table) == decisions).sum()),
        )


def _without_one(rule: Rule) -> Iterator[Rule]:
    """Yield the rule without each of its conditions; a clause of one is left out whole."""
    for place, clause in enumerate(rule.clauses):
        for condition in clause:
            rest = tuple(each for each in clause if each != condition)
            kept = (*rule.clauses[:place], *([rest] if rest else []), *rule.clauses[place + 1 :])
            yield Rule(kept)


def is_one_sided(decisions: torch.Tensor) -> bool:
    """Say whether the same was decided of all images: there is nothing to learn then."""
    return bool(decisions.all()) or not bool(decisions.any())
