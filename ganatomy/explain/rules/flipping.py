"""Images changed until one condition of a rule turns, and with it the rule."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable

Measure = Callable[[torch.Tensor], ConceptTable]
Decide = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Flips:
    """Images of which a rule was flipped by one of its conditions alone.

    Attributes
    ----------
    way : str
        By which they were changed.
    num_tried : int
        Images that were changed.
    places : Tensor of shape (m,), int64
        Of those, among all, of which the condition turned, the rule flipped, and no condition on
        another concept turned.
    images : Tensor of shape (m, c, h, w)
        They, changed.
    controls : Tensor of shape (m, c, h, w)
        They, changed as much otherwise, and the rule is as it was.
    others : float
        Share of the flipped images that are left out because another condition turned too.
    reason : str
        Why there are none, else "".
    """

    way: str
    num_tried: int = 0
    places: torch.Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    images: torch.Tensor = field(default_factory=lambda: torch.zeros(0))
    controls: torch.Tensor = field(default_factory=lambda: torch.zeros(0))
    others: float = 0.0
    reason: str = ""


def flipped(
    rule: Rule, condition: Condition, before: ConceptTable, after: ConceptTable
) -> tuple[torch.Tensor, torch.Tensor]:
    """Say of each image whether its rule flipped with a condition, and whether with it alone.

    Returns
    -------
    (Tensor, Tensor) of shape (n,), bool
    """
    turned = condition.holds(before) != condition.holds(after)
    whole = turned & (rule.holds(before) != rule.holds(after))
    alone = whole.clone()
    for clause in rule.clauses:
        for each in clause:
            if each.concept != condition.concept:
                alone &= each.holds(before) == each.holds(after)
    return whole, alone


def donors_beyond(
    rule: Rule, condition: Condition, table: ConceptTable, draw: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw for each image another one of which the condition is the other way round.

    Returns
    -------
    donors : Tensor of shape (n,), int64
        Its place; an image's own where there is none.
    flips : Tensor of shape (n,), bool
        Whether with its value, and all else as it is, the rule would flip.
    """
    holds = condition.holds(table)
    donors = torch.arange(len(table))
    for side in (True, False):
        there, wanted = (holds != side).nonzero().flatten(), holds == side
        if len(there):
            drawn = torch.randint(len(there), (int(wanted.sum()),), generator=draw)
            donors[wanted] = there[drawn]
    changed, own = table.values.clone(), table.column(condition.concept)
    changed[:, table.names.index(condition.concept)] = own[donors]
    imagined = ConceptTable(table.names, table.units, changed)
    return donors, rule.holds(imagined) != rule.holds(table)
