"""Conjunctions of a few conditions, searched for: for rules on few columns, as directions are."""

import torch

from ganatomy.explain.rules.learners.shortest import best_of_each_length
from ganatomy.explain.rules.regions import best_regions
from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.table import ConceptTable

MOST_CONDITIONS = 3


def learn_conjunctions(
    table: ConceptTable, decisions: torch.Tensor, *, max_length: int, seed: int
) -> list[Rule]:
    """Search for the conjunction of each length that agrees most with decisions.

    Nothing is drawn: the seed is there because every learner takes one.
    """
    regions = best_regions(table, decisions, torch.sub, max_length=min(max_length, MOST_CONDITIONS))
    rules = [Rule((region.clause,)) for region in regions]
    return best_of_each_length(rules, table, decisions, max_length=max_length)
