"""The learner finds rules that were planted, and returns what `Learner` promises."""

import numpy as np
import pytest
import torch

from ganatomy.explain.rules.learners.learner import Learner
from ganatomy.explain.rules.learners.logic_network import attended, learn_logic
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.simplify import simplified
from ganatomy.explain.rules.table import ConceptTable

NAMES = ("thickness", "holes", "area", "width", *(f"other_{index}" for index in range(8)))


def _concepts(seed: int, count: int = 1200) -> ConceptTable:
    """Thickness and holes, two concepts that go along with thickness, and eight idle ones."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, len(NAMES)))
    values[:, 1] = rng.poisson(0.8, count)
    values[:, 2] = values[:, 0] + 0.3 * values[:, 2]
    values[:, 3] = 0.8 * values[:, 0] + 0.5 * values[:, 3]
    return ConceptTable(NAMES, ("",) * len(NAMES), torch.tensor(values))


def _halves(table: ConceptTable) -> tuple[ConceptTable, ConceptTable]:
    half = torch.arange(len(table)) % 2 == 0
    return table.take(half), table.take(~half)


@pytest.mark.parametrize("seed", range(10))
def test_thick_and_no_hole_is_recovered(seed: int) -> None:
    planted = Rule(((Condition("thickness", True, 0.37), Condition("holes", False, 0.0)),))
    learn, held_out = _halves(_concepts(seed))
    rules = learn_logic(learn, planted.holds(learn), max_length=6, seed=seed)
    best = max(rules, key=lambda rule: int((rule.holds(learn) == planted.holds(learn)).sum()))
    assert set(best.concepts) == {"thickness", "holes"}
    assert best.length == 2
    agreement = (best.holds(held_out) == planted.holds(held_out)).double().mean()
    assert agreement >= 0.99


def test_two_clauses_are_recovered() -> None:
    a, b = Condition("other_1", True, 0.2), Condition("other_2", True, -0.1)
    planted = Rule(((a, ~b), (~a, b)))  # neither concept alone tells anything
    learn, held_out = _halves(_concepts(3, 2000))
    rules = learn_logic(learn, planted.holds(learn), max_length=6, seed=0)
    agreement = (rules[-1].holds(held_out) == planted.holds(held_out)).double().mean()
    assert agreement >= 0.98
    assert set(rules[-1].concepts) == {"other_1", "other_2"}


def test_rules_are_as_a_learners_are() -> None:
    learner: Learner = learn_logic
    learn, _ = _halves(_concepts(0))
    noisy = (learn.column("area") + learn.column("other_3") > 0.2) & (learn.column("holes") < 2)
    rules = learner(learn, noisy, max_length=5, seed=1)
    lengths = [rule.length for rule in rules]
    right = [int((rule.holds(learn) == noisy).sum()) for rule in rules]
    assert len(rules) >= 2
    assert lengths == sorted(set(lengths))
    assert 1 <= lengths[0] <= lengths[-1] <= 5
    assert right == sorted(set(right))
    assert right[0] > max(int(noisy.sum()), int((~noisy).sum()))
    assert all(simplified(rule) == rule for rule in rules)
    with torch.no_grad():  # as where a network is explained
        assert learner(learn, noisy, max_length=5, seed=1) == rules


def test_what_is_always_so_or_has_no_concept_has_no_rule() -> None:
    table = _concepts(0, 50)
    decisions = table.column("thickness") > 0
    options = {"max_length": 4, "seed": 0}
    assert learn_logic(table, torch.ones(50, dtype=torch.bool), **options) == []
    assert learn_logic(table, torch.zeros(50, dtype=torch.bool), **options) == []
    assert learn_logic(table.only([]), decisions, **options) == []
    constant = ConceptTable(("same",), ("",), torch.ones(50, 1).double())
    assert learn_logic(constant, decisions, **options) == []


def test_no_concept_takes_all_the_room_of_the_truth_table() -> None:
    cuts = [Condition("a", True, float(index)) for index in range(9)] + [Condition("b", True, 0.0)]
    chosen = attended(cuts, [1.0] * 9 + [0.1])
    assert [cuts[index].concept for index in chosen] == ["a", "a", "b"]
