"""FIGS: a sum of small trees, grown together."""

from typing import Any

import torch

from ganatomy.explain.rules.learners.shortest import best_of_each_length, is_one_sided
from ganatomy.explain.rules.learners.sums import rule_of_sum
from ganatomy.explain.rules.rule import Clause, Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.extras import extra
from ganatomy.rng import seeded


def learn_figs(
    table: ConceptTable, decisions: torch.Tensor, *, max_length: int, seed: int
) -> list[Rule]:
    """Grow sums of trees of few splits (FIGS, Tan et al. 2022, by `imodels`).

    A rule holds where the leaves that an image falls in say in sum that the decision was made.
    """
    with extra("rules", "rules by FIGS"):
        from imodels.tree.figs import FIGSClassifier

    if is_one_sided(decisions):
        return []
    values, labels = table.values.numpy(), decisions.int().numpy()
    rules = []
    for num_splits in sorted({2, 4, max_length}):
        sums = FIGSClassifier(max_rules=num_splits)
        with seeded(seed, "rules", "FIGS"):  # it breaks ties by numpy's global generator
            sums.fit(values, labels)
        terms = [term for tree in sums.trees_ for term in _terms(tree, table.names)]
        if (rule := rule_of_sum(terms, above=0.0)) is not None:
            rules.append(rule)
    return best_of_each_length(rules, table, decisions, max_length=max_length)


def _terms(node: Any, names: tuple[str, ...]) -> list[tuple[Clause, float]]:
    """Paths to the leaves of a tree, and by how much each speaks for the decision."""
    if node.left is None:
        of_not, of_made = node.value
        return [((), float(of_made - of_not))]
    concept, threshold = names[node.feature], float(node.threshold)
    return [
        ((Condition(concept, is_above, threshold), *path), value)
        for is_above, child in ((False, node.left), (True, node.right))
        for path, value in _terms(child, names)
    ]
