"""Which concepts of G's images its latents decide: learned on a part, chosen by another."""

from dataclasses import dataclass

import torch

from ganatomy.explain.rules.choosing import MIN_IMAGES
from ganatomy.explain.rules.judging import judge
from ganatomy.explain.rules.learners.conjunctions import learn_conjunctions
from ganatomy.explain.rules.probabilities import is_probability
from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.splitting import split
from ganatomy.explain.rules.table import ConceptTable

HIGH = 2 / 3
"""Quantile of a concept over G's images from which on it is high."""
LIKELY = 0.5
"""A probability is high above this, however many are."""
MOST_CONDITIONS = 2
"""Directions that a rule may name: by more, nobody learns what one of them does."""

_SHARES = (0.05, 0.5)  # of images that are high: a count of few values may have no third


@dataclass(frozen=True, eq=False)
class Decided:
    """A concept that latents decide.

    Attributes
    ----------
    concept : str
    threshold : float
        High is what lies above.
    decisions : Tensor of shape (n,), bool
        Whether it is high in each image.
    leading : str
        The direction without which the rule would agree least.
    gain : float
        Of the best rule over saying the same of all images, the lower end of its interval on
        images that neither learn nor judge: a few images are easily told apart by chance.
    """

    concept: str
    threshold: float
    decisions: torch.Tensor
    leading: str
    gain: float


def decided_by(along: ConceptTable, concepts: ConceptTable, *, seed: int) -> list[Decided]:
    """Find which concepts are decided by latents, no two led by the same direction, the best first.

    Parameters
    ----------
    along : ConceptTable
        Of the latents, ``direction:<k>``.
    concepts : ConceptTable
        Of their images.
    seed : int
        The one that `choosing.answer_for` is given: what it holds out is not looked at here.
    """
    found = [each for name in concepts.names if (each := _decided(name, along, concepts, seed))]
    kept: list[Decided] = []
    for each in sorted(found, key=lambda one: -one.gain):
        if all(each.leading != other.leading for other in kept):
            kept.append(each)
    return kept


def _decided(
    concept: str, along: ConceptTable, concepts: ConceptTable, seed: int
) -> Decided | None:
    values = concepts.column(concept)
    high = LIKELY if is_probability(concepts, concept) else float(values.quantile(HIGH))
    decisions = values > high
    made = int(decisions.sum())
    if not _SHARES[0] <= made / len(values) <= _SHARES[1] or made < MIN_IMAGES:
        return None
    splits = split(decisions, seed=seed)
    rules = learn_conjunctions(
        along.take(splits.train), decisions[splits.train], max_length=MOST_CONDITIONS, seed=seed
    )
    if not rules:
        return None
    table, chooses = along.take(splits.choice), decisions[splits.choice]
    gains = [judge(each, table, chooses).gain_low for each in rules]
    gain = max(gains)
    rule = rules[gains.index(gain)]
    without = {name: _agreement(_without(rule, name), table, chooses) for name in rule.concepts}
    leading = min(without, key=lambda name: without[name])
    return Decided(concept, high, decisions, leading, gain)


def _without(rule: Rule, concept: str) -> Rule:
    return Rule(tuple(tuple(c for c in clause if c.concept != concept) for clause in rule.clauses))


def _agreement(rule: Rule, table: ConceptTable, decisions: torch.Tensor) -> float:
    return float((rule.holds(table) == decisions).double().mean())
