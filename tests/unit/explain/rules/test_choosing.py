"""Which rule is shown: what was planted, and none where nothing was."""

import pandas as pd
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.explain.rules.as_they_come import judge_as_they_come
from ganatomy.explain.rules.choosing import COLUMNS, NO_CONCEPT, _chosen, answer_for
from ganatomy.explain.rules.judging import Judgement, judge
from ganatomy.explain.rules.learners.known import LEARNERS
from ganatomy.explain.rules.learners.learner import Learner
from ganatomy.explain.rules.learners.tree import learn_tree
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.splitting import split
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator
from ganatomy.statistics import share_interval
from tests.unit.explain.rules.planted_tables import HOLES, THICK, TRUTH, coins, concepts

TREE = {"tree": learn_tree}


@pytest.mark.parametrize("seed", range(10))
def test_thick_and_no_hole_is_recovered(seed: int) -> None:
    table = concepts(6000, seed=seed)
    decisions = TRUTH.holds(table)
    found = answer_for(table, decisions, learners=TREE, seed=seed, num_draws=1)
    assert found.rule is not None
    assert len(found.rule.clauses) == 1
    conditions = {each.concept: each for each in found.rule.clauses[0]}
    assert {name: each.is_above for name, each in conditions.items()} == {
        "thickness": True,
        "holes": False,
    }
    assert 0 <= conditions["holes"].threshold < 1
    train = table.take(found.splits.train)
    without_hole = train.take(HOLES.holds(train)).column("thickness")
    below, above = without_hole <= THICK.threshold, without_hole > THICK.threshold
    assert without_hole[below].max() <= conditions["thickness"].threshold
    assert conditions["thickness"].threshold < without_hole[above].min()
    shown = found.candidates[found.candidates["is_shown"]]
    assert len(shown) == 1
    assert shown["fidelity"].item() >= 0.99
    assert shown["stability"].item() >= 0.95
    assert shown["same_concepts"].item() == 1


def test_coins_are_given_a_rule_at_most_5_percent_of_the_time() -> None:
    tries = 60
    shown = sum(
        answer_for(
            concepts(400, seed=seed, others=20),
            coins(400, seed=seed),
            learners=TREE,
            seed=seed,
            num_draws=0,
        ).rule
        is not None
        for seed in range(tries)
    )
    assert share_interval(shown, tries)[0] <= 0.05
    assert shown < tries / 6


def test_a_decision_without_its_concept_is_named_so() -> None:
    table = concepts(800, seed=3)
    decisions = TRUTH.holds(table)
    kept = table.only([name for name in table.names if name.startswith("other") and name[-1] > "0"])
    found = answer_for(kept, decisions, learners=TREE)
    assert found.rule is None
    assert NO_CONCEPT in found.reason
    assert not found.candidates["is_shown"].any()
    assert not found.candidates.empty  # what was tried is told all the same


def test_a_rule_that_says_little_is_shown_with_its_low_fidelity() -> None:
    table = concepts(4000, seed=5)
    flipped = coins(4000, seed=6, share=0.35)
    decisions = THICK.holds(table) ^ flipped
    found = answer_for(table, decisions, learners=TREE, num_draws=0)
    assert found.rule is not None
    assert found.rule.concepts == ("thickness",)
    shown = found.candidates[found.candidates["is_shown"]].iloc[0]
    assert shown["low"] < 0.65 < shown["high"]


def test_a_rare_decision_is_compared_with_saying_the_same_of_all() -> None:
    """One image in 12 is so decided: a rule that says nothing would agree with 92 %."""
    table = concepts(3000, seed=7)
    rare = Rule(((Condition("thickness", True, 3.9),),))
    found = answer_for(table, rare.holds(table), learners=TREE, num_draws=0)
    assert found.rule is not None
    assert abs(found.rule.clauses[0][0].threshold - 3.9) < 0.3
    assert found.candidates["baseline"].iloc[0] == 0.5
    assert found.counts["made"] * 2 == found.counts["held_out"]


def test_a_rare_decision_is_judged_on_images_as_they_come_too() -> None:
    """Against the share of agreement in many other images, drawn alike."""
    table, more = concepts(3000, seed=7), concepts(60_000, seed=70)
    rare = Rule(((Condition("thickness", True, 3.9),),))
    decisions, others = (
        rare.holds(each) ^ coins(len(each), seed=8, share=0.05) for each in (table, more)
    )
    found = answer_for(table, decisions, learners=TREE, num_draws=0)
    assert found.rule is not None
    shown = found.candidates[found.candidates["is_shown"]].iloc[0]
    truth = float((found.rule.holds(more) == others).double().mean())
    assert shown["natural_low"] < truth < shown["natural_high"]
    assert shown["natural_made"] == pytest.approx(float(decisions.double().mean()))
    assert shown["natural_baseline"] == pytest.approx(1 - shown["natural_made"])
    assert abs(truth - shown["fidelity"]) > 0.05  # balanced: another figure
    assert not shown["low"] < truth < shown["high"]


def test_images_that_a_rule_was_learned_from_do_not_count_as_they_come() -> None:
    """A rule that is right on those alone has no more than the others say."""
    decisions = coins(2000, seed=4, share=0.2)
    splits = split(decisions, seed=0)
    learned = torch.cat([splits.train, splits.choice])
    by_heart = torch.zeros(2000, dtype=torch.bool)
    by_heart[learned] = decisions[learned]
    own = ConceptTable(("made",), ("",), by_heart.double()[:, None])
    found = judge_as_they_come(Rule(((Condition("made", True, 0.5),),)), own, decisions, splits)
    assert found.natural_fidelity == pytest.approx(1 - found.natural_made)  # it says never
    assert not found.is_better


def test_the_shortest_of_those_near_the_best_is_shown() -> None:
    table = concepts(2000, seed=8)
    exact, rough = TRUTH, Rule(((HOLES,),))
    near = Rule(((Condition("thickness", True, 2.5001), HOLES),))
    longer = Rule(((*near.clauses[0], Condition("other 1", True, -9.0)),))

    def learner(*rules: Rule) -> Learner:
        return lambda table, decisions, *, max_length, seed: list(rules)

    found = answer_for(
        table,
        exact.holds(table),
        learners={
            "first": learner(rough, longer),
            "second": learner(exact),
            "third": learner(near),
        },
        num_draws=0,
    )
    assert found.rule == exact  # shorter than the first's, as good as the third's and earlier
    assert list(found.candidates["learner"]) == ["first", "first", "second", "third"]


def _of(right: int, count: int = 100) -> Judgement:
    """Judge a rule that says yes to half of the images, of which `right` of all are so decided."""
    table = ConceptTable(("x",), ("",), torch.arange(float(count)).double()[:, None])
    rule = Rule(((Condition("x", True, count / 2 - 0.5),),))
    holds = rule.holds(table)
    wrong = (count - right) // 2
    decisions = holds.clone()
    for side in (holds, ~holds):
        decisions[side.nonzero().flatten()[:wrong]] ^= True
    return judge(rule, table, decisions)


def test_a_short_rule_that_says_nothing_is_not_near_the_best() -> None:
    """Of few images the interval of the best reaches down to the baseline."""
    short, middle, best = Rule(((THICK,),)), TRUTH, Rule(((*TRUTH.clauses[0], THICK),))
    idle, fair, good = _of(62), _of(66), _of(70)
    assert idle.fidelity > good.low
    assert (idle.beats_baseline, fair.beats_baseline) == (False, True)
    assert _chosen([short, middle, best], [idle, fair, good]) == 1
    assert _chosen([short, middle, best], [_of(58), _of(60), idle]) == 2  # none beats it: the best


def test_too_few_images_are_counted() -> None:
    table = concepts(500, seed=9)
    decisions = torch.zeros(500, dtype=torch.bool)
    decisions[:12] = True
    found = answer_for(table, decisions, learners=TREE)
    assert found.rule is None
    assert "12" in found.reason
    assert "488" in found.reason
    assert "a rule needs 40 of each" in found.reason
    fewer = answer_for(table, decisions, learners=TREE, least=10)
    assert fewer.counts["held_out"] > 0
    assert "too few" not in fewer.reason
    assert tuple(found.candidates.columns) == COLUMNS
    assert found.candidates.empty


def test_same_seed_same_answer_and_nothing_global_is_drawn() -> None:
    table = concepts(600, seed=10)
    decisions = TRUTH.holds(table) ^ coins(600, seed=1, share=0.1)
    before = torch.random.get_rng_state()
    one = answer_for(table, decisions, learners=LEARNERS, num_draws=1)
    two = answer_for(table, decisions, learners=LEARNERS, num_draws=1)
    pd.testing.assert_frame_equal(one.candidates, two.candidates)
    assert torch.equal(before, torch.random.get_rng_state())


def test_no_rule_is_learned_from_an_image_that_it_is_judged_on() -> None:
    table = concepts(600, seed=11)
    decisions = TRUTH.holds(table)
    splits = answer_for(table, decisions, learners=TREE, num_draws=0).splits
    parts = [set(part.tolist()) for part in (splits.train, splits.choice, splits.held_out)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    for part in (splits.train, splits.choice, splits.held_out):
        assert int(decisions[part].sum()) * 2 == len(part)


def test_decisions_are_one_for_each_image() -> None:
    table = ConceptTable(("a",), ("",), torch.rand(9, 1, generator=generator(0, "a")).double())
    with pytest.raises(InputError, match="decisions"):
        answer_for(table, torch.ones(8, dtype=torch.bool))
