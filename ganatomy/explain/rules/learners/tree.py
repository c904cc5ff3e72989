"""A decision tree, its leaves that decide read as clauses."""

from typing import Any

import torch

from ganatomy.explain.rules.learners.shortest import best_of_each_length, is_one_sided
from ganatomy.explain.rules.rule import Clause, Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import derive_seed

MIN_LEAF = 5  # images; fewer are an accident of the draw


def learn_tree(
    table: ConceptTable, decisions: torch.Tensor, *, max_length: int, seed: int
) -> list[Rule]:
    """Grow decision trees of two leaves and more (CART, Breiman et al. 1984, by scikit-learn).

    Each tree splits where impurity falls most; the paths to the leaves in which most decisions
    were made are the clauses of its rule.
    """
    from sklearn.tree import DecisionTreeClassifier

    if is_one_sided(decisions):
        return []
    values, labels = table.values.numpy(), decisions.numpy()
    rules = []
    for num_leaves in range(2, max_length + 2):
        tree = DecisionTreeClassifier(
            max_leaf_nodes=num_leaves,
            min_samples_leaf=MIN_LEAF,
            random_state=derive_seed(seed, "rules", "tree") % 2**32,
        )
        tree.fit(values, labels)
        if tree.tree_.n_leaves < num_leaves:
            break
        rules.append(Rule(tuple(_clauses(tree.tree_, table.names, 0))))
    return best_of_each_length(rules, table, decisions, max_length=max_length)


def _clauses(tree: Any, names: tuple[str, ...], node: int) -> list[Clause]:
    """Paths from a node to the leaves below it that decide."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left == right:  # a leaf
        of_not, of_made = tree.value[node][0]
        return [()] if of_made > of_not else []
    concept, threshold = names[tree.feature[node]], float(tree.threshold[node])
    return [
        (Condition(concept, is_above, threshold), *rest)
        for is_above, child in ((False, left), (True, right))
        for rest in _clauses(tree, names, child)
    ]
