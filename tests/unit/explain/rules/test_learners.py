"""Learners: what they return says what the models say that it was made of."""

import sys

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.explain.rules.choosing import answer_for
from ganatomy.explain.rules.learners import known
from ganatomy.explain.rules.learners.figs import _terms, learn_figs
from ganatomy.explain.rules.learners.learner import Learner
from ganatomy.explain.rules.learners.rulefit import learn_rulefit
from ganatomy.explain.rules.learners.shortest import best_of_each_length, pruned
from ganatomy.explain.rules.learners.sums import rule_of_sum
from ganatomy.explain.rules.learners.tree import learn_tree
from ganatomy.explain.rules.rule import Clause, Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator
from tests.unit.explain.rules.planted_tables import THICK, TRUTH, coins, concepts

ALL = pytest.mark.parametrize("learn", known.LEARNERS.values(), ids=known.LEARNERS)


@ALL
def test_the_planted_rule_is_among_those_that_are_returned(learn: Learner) -> None:
    table, held_out = concepts(1500, seed=0), concepts(1500, seed=1)
    rules = learn(table, TRUTH.holds(table), max_length=6, seed=0)
    found = {rule.length: rule for rule in rules}[2]
    assert set(found.concepts) == {"thickness", "holes"}
    agreed = (found.holds(held_out) == TRUTH.holds(held_out)).double().mean()
    assert float(agreed) >= 0.99


@ALL
def test_rules_are_short_one_of_each_length_and_better_the_longer(learn: Learner) -> None:
    table = concepts(800, seed=2)
    decisions = TRUTH.holds(table) ^ coins(800, seed=2, share=0.1)
    rules = learn(table, decisions, max_length=4, seed=0)
    lengths = [rule.length for rule in rules]
    assert lengths == sorted(set(lengths))
    assert lengths[0] >= 1
    assert lengths[-1] <= 4
    agreed = [int((rule.holds(table) == decisions).sum()) for rule in rules]
    assert agreed == sorted(agreed)
    assert agreed[0] > max(int(decisions.sum()), int((~decisions).sum()))


@ALL
def test_same_seed_same_rules_and_global_draws_go_on(learn: Learner) -> None:
    table = concepts(400, seed=3)
    decisions = TRUTH.holds(table) ^ coins(400, seed=3, share=0.2)
    torch_state, (_, numpy_state, *_) = torch.random.get_rng_state(), np.random.get_state()
    one = learn(table, decisions, max_length=4, seed=5)
    assert torch.equal(torch_state, torch.random.get_rng_state())
    assert np.array_equal(numpy_state, np.random.get_state()[1])
    np.random.random(7)
    assert learn(table, decisions, max_length=4, seed=5) == one


@ALL
def test_one_decision_alone_or_constant_concepts_give_no_rule(learn: Learner) -> None:
    table = concepts(100, seed=4)
    for value in (True, False):
        assert learn(table, torch.full((100,), value), max_length=4, seed=0) == []
    flat = ConceptTable(("flat",), ("",), torch.ones(100, 1).double())
    assert learn(flat, coins(100, seed=4), max_length=4, seed=0) == []


def test_a_tree_of_two_leaves_splits_where_most_are_told_apart() -> None:
    """By trying every threshold of every concept."""
    table = concepts(300, seed=5)
    decisions = THICK.holds(table) ^ coins(300, seed=5, share=0.1)
    (rule, *_) = learn_tree(table, decisions, max_length=1, seed=0)

    def impurity(holds: torch.Tensor) -> float:
        shares = [float(decisions[part].double().mean()) for part in (holds, ~holds)]
        weights = [float(part.double().mean()) for part in (holds, ~holds)]
        return sum(weight * 2 * p * (1 - p) for weight, p in zip(weights, shares))

    tried = [
        impurity(values > edge)
        for values in table.values.T
        for edge in values.unique()[5:-5] + 1e-9
        if 5 <= int((values > edge).sum()) <= 295
    ]
    assert impurity(rule.holds(table)) == pytest.approx(min(tried))


def test_leaves_of_figs_say_what_imodels_predicts() -> None:
    from imodels.tree.figs import FIGSClassifier

    table = concepts(500, seed=6)
    decisions = TRUTH.holds(table) ^ coins(500, seed=6, share=0.15)
    values = table.values.numpy()
    sums = FIGSClassifier(max_rules=5).fit(values, decisions.int().numpy())
    terms = [term for tree in sums.trees_ for term in _terms(tree, table.names)]
    rule = rule_of_sum(terms, above=0.0)
    assert rule is not None
    assert np.array_equal(rule.holds(table).int().numpy(), sums.predict(values))


def test_rulefit_decides_at_one_half() -> None:
    """Independently: one concept, of which a decision is likelier than not above 1."""
    draws = generator(0, "rulefit")
    values = torch.rand(3000, 1, generator=draws).double() * 2
    chance = torch.where(values[:, 0] > 1, 0.8, 0.3)
    decisions = torch.rand(3000, generator=draws) < chance
    table = ConceptTable(("x",), ("",), values)
    (rule, *_) = learn_rulefit(table, decisions, max_length=1, seed=0)
    (((condition,)),) = rule.clauses
    assert condition.is_above
    assert abs(condition.threshold - 1) < 0.05


@pytest.mark.parametrize("seed", range(20))
def test_a_sum_of_clauses_becomes_a_rule_that_says_the_same(seed: int) -> None:
    draws = generator(seed, "sum")
    table = ConceptTable(
        ("a", "b", "c"), ("", "", ""), torch.rand(600, 3, generator=draws).double()
    )
    terms: list[tuple[Clause, float]] = []
    for _ in range(5):
        picked = torch.randperm(3, generator=draws)[:2].tolist()
        clause = tuple(
            Condition("abc"[place], bool(torch.rand(1, generator=draws) < 0.5), threshold)
            for place, threshold in zip(picked, torch.rand(2, generator=draws).tolist())
        )
        terms.append((clause, float(torch.randn(1, generator=draws))))
    total = sum(weight * Rule((clause,)).holds(table).double() for clause, weight in terms)
    rule = rule_of_sum(terms, above=0.1)
    assert rule is not None
    assert torch.equal(rule.holds(table), total > 0.1)


def test_a_sum_of_too_many_thresholds_is_no_rule() -> None:
    terms = [((Condition(f"c{place}", True, 0.0),), 1.0) for place in range(11)]
    assert rule_of_sum(terms, above=5.5) is None


def test_a_constant_sum_always_or_never_holds() -> None:
    table = concepts(10, seed=0)
    always, never = rule_of_sum([((), 1.0)], above=0.0), rule_of_sum([], above=0.0)
    assert always is not None
    assert never is not None
    assert always.holds(table).all()
    assert not never.holds(table).any()


def test_pruning_leaves_out_what_says_least() -> None:
    table = concepts(1000, seed=7)
    idle = Condition("other 3", True, -1.0)
    rule = Rule(((*TRUTH.clauses[0], idle),))
    steps = list(pruned(rule, table, TRUTH.holds(table)))
    assert [step.length for step in steps] == [3, 2, 1]
    assert idle not in steps[1].clauses[0]


def test_constant_rules_are_not_returned() -> None:
    table = concepts(50, seed=8)
    decisions = TRUTH.holds(table)
    rules = [Rule(()), Rule(((),)), Rule(((Condition("thickness", True, 99.0),),))]
    assert best_of_each_length(rules, table, decisions, max_length=3) == []


def test_without_imodels_the_others_are_used_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("imodels", "imodels.tree.figs", "imodels.rule_set.rule_fit"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "tree" in known.installed()
    assert set(known.missing()) == {"FIGS", "RuleFit"}
    assert "ganatomy[rules]" in known.missing()["FIGS"]
    table = concepts(300, seed=9)
    found = answer_for(table, TRUTH.holds(table), num_draws=0)
    assert not set(found.candidates["learner"]) & {"FIGS", "RuleFit"}
    for learn in (learn_figs, learn_rulefit):
        with pytest.raises(InputError, match=r"ganatomy\[rules\]"):
            learn(table, TRUTH.holds(table), max_length=2, seed=0)
