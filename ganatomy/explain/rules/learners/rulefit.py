"""RuleFit: a sparse logistic regression on the paths of boosted trees."""

import warnings

import torch

from ganatomy.explain.rules.learners.shortest import best_of_each_length, is_one_sided
from ganatomy.explain.rules.learners.sums import rule_of_sum
from ganatomy.explain.rules.rule import Clause, Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.extras import extra
from ganatomy.rng import derive_seed, seeded

NUM_TREES = 10
NUM_RULES = (2, 4)


def learn_rulefit(
    table: ConceptTable, decisions: torch.Tensor, *, max_length: int, seed: int
) -> list[Rule]:
    """Fit few weighted rules from boosted trees (RuleFit, Friedman & Popescu 2008, by `imodels`).

    Without linear terms: they are no conditions. A rule holds where the logistic regression's
    probability is above one half. (`imodels` itself decides where the logit is above one half.)
    """
    with extra("rules", "rules by RuleFit"):
        from imodels.rule_set.rule_fit import RuleFitClassifier

    if is_one_sided(decisions):
        return []
    values, labels = table.values.numpy(), decisions.int().numpy()
    rules = []
    for num_rules in NUM_RULES:
        fit = RuleFitClassifier(
            n_estimators=NUM_TREES,
            max_rules=num_rules,
            include_linear=False,
            cv=False,
            random_state=derive_seed(seed, "rules", "RuleFit") % 2**31,
        )
        with seeded(seed, "rules", "RuleFit"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit.fit(values, labels)
        terms = [
            (_clause(each.agg_dict, table.names), float(each.args[0]))
            for each in fit.rules_without_feature_names_
        ]
        rule = rule_of_sum(terms, above=-float(torch.as_tensor(fit.intercept)))
        if rule is not None:
            rules.append(rule)
    return best_of_each_length(rules, table, decisions, max_length=max_length)


def _clause(limits: dict[tuple[str, str], str], names: tuple[str, ...]) -> Clause:
    """Conditions of one rule of imodels: {("X_3", "<="): "0.5"}; one that is always true is ==."""
    return tuple(
        Condition(names[int(column.removeprefix("X_"))], sign == ">", float(threshold))
        for (column, sign), threshold in limits.items()
        if sign != "=="
    )
