"""Rules of a logic explained network: trained on booleans, read from its truth table."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ganatomy.explain.rules.cuts import cuts_of
from ganatomy.explain.rules.learners.shortest import best_of_each_length, is_one_sided
from ganatomy.explain.rules.logic_network import LogicNetwork, train
from ganatomy.explain.rules.refine import refined
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.simplify import simplified
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.truth_table import Formula, TruthTable, clauses_of, formulas_of
from ganatomy.rng import derive_seed

ENTROPY_WEIGHTS = (0.3, 0.1)
"""A network is trained with each: one that attends to very few concepts, one to more."""
NUM_STEPS = 150
LEARNING_RATE = 0.01
NUM_ATTENDED = 8
"""Booleans of a truth table, at most."""
CUTS_OF_A_CONCEPT = 2
"""Of these: an interval of a concept needs two."""
NUM_REFINED = 2
"""Rules of each length whose thresholds are refined."""


def learn_logic(
    table: ConceptTable, decisions: Tensor, *, max_length: int, seed: int
) -> list[Rule]:
    """Learn rules by entropy-based logic networks: see `learner.Learner`.

    Concepts are made boolean by `cuts_of`; a network is trained on the booleans for each of
    `ENTROPY_WEIGHTS`; clauses are read from its truth table over those that it attends to most and
    joined where that makes more decisions right; then each threshold is moved to where it is
    right most often.
    """
    cuts = cuts_of(table, decisions)
    if not cuts or is_one_sided(decisions):
        return []
    booleans = torch.stack([cut.holds(table) for cut in cuts], 1)
    rules = [
        rule
        for weight in ENTROPY_WEIGHTS
        for rule in _rules_of(cuts, booleans, decisions, weight, max_length, seed)
    ]
    found = [refined(rule, table, decisions) for rule in dict.fromkeys(rules)]
    return best_of_each_length(found, table, decisions, max_length=max_length)


def attended(cuts: Sequence[Condition], attention: Sequence[float]) -> list[int]:
    """Choose the cuts that are attended to most, `CUTS_OF_A_CONCEPT` of a concept at most."""
    chosen: list[int] = []
    for index in sorted(range(len(cuts)), key=lambda each: -attention[each]):
        alike = [each for each in chosen if cuts[each].concept == cuts[index].concept]
        if len(alike) < CUTS_OF_A_CONCEPT and len(chosen) < NUM_ATTENDED:
            chosen.append(index)
    return chosen


def _rules_of(
    cuts: Sequence[Condition],
    booleans: Tensor,
    decisions: Tensor,
    entropy_weight: float,
    max_length: int,
    seed: int,
) -> list[Rule]:
    """Train a network and read `NUM_REFINED` rules of each length from it."""
    network = train(
        LogicNetwork(len(cuts), seed=derive_seed(seed, "entropy", str(entropy_weight))),
        booleans,
        decisions[:, None],
        num_steps=NUM_STEPS,
        learning_rate=LEARNING_RATE,
        entropy_weight=entropy_weight,
    )
    with torch.no_grad():
        logits = network(booleans.float())[:, 0].double()
        chosen = attended(cuts, network.concepts.relative_attention()[0].tolist())
    truth = TruthTable.of(booleans[:, chosen].numpy(), decisions.numpy(), logits.numpy())
    of_length: dict[int, list[Rule]] = {}
    for formula in formulas_of(truth, clauses_of(truth), max_length=max_length):
        rule = _rule_of(formula, [cuts[index] for index in chosen])
        alike = of_length.setdefault(rule.length, [])
        if rule not in alike and len(alike) < NUM_REFINED:
            alike.append(rule)
    return [rule for alike in of_length.values() for rule in alike]


def _rule_of(formula: Formula, cuts: Sequence[Condition]) -> Rule:
    def condition(literal: int) -> Condition:
        return ~cuts[literal // 2] if literal % 2 else cuts[literal // 2]

    return simplified(Rule(tuple(tuple(map(condition, terms)) for terms in formula)))
