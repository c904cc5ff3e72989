"""How well a rule does on images as they come, where a decision may be rare.

Rules are learned and judged on as many images of either decision. Who wants to know what a network
does with the next image asks otherwise: there always saying the commoner decision may agree with
it on 95 %.
"""

from dataclasses import dataclass

import torch

from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.splitting import Splits
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.statistics import weighted_share

NATURAL_COLUMNS = (
    *("natural_fidelity", "natural_low", "natural_high"),
    *("natural_baseline", "natural_made"),
)


@dataclass(frozen=True)
class AsTheyCome:
    """Figures of a rule on images as they come.

    Attributes
    ----------
    natural_fidelity, natural_low, natural_high : float
        Share of images on which rule and network agree, each decision having its share among all
        images that were asked about, with a 95 % interval.
    natural_baseline : float
        The same of always saying the commoner decision: exact, as all images were decided about.
    natural_made : float
        The decision's share among all images that were asked about.
    """

    natural_fidelity: float
    natural_low: float
    natural_high: float
    natural_baseline: float
    natural_made: float

    @property
    def is_better(self) -> bool:
        """Whether the rule surely agrees more often than always saying the commoner decision."""
        return self.natural_low > self.natural_baseline

    @property
    def is_worse(self) -> bool:
        """Whether it surely agrees less often."""
        return self.natural_high < self.natural_baseline


def judge_as_they_come(
    rule: Rule, table: ConceptTable, decisions: torch.Tensor, splits: Splits
) -> AsTheyCome:
    """Judge a rule on every image that it was neither learned from nor chosen by.

    These are images of the commoner decision more often than the split's held-out ones, which have
    as many of either; each decision's share of agreement is weighted by its share among all images.

    Parameters
    ----------
    rule : Rule
    table : ConceptTable
    decisions : Tensor of shape (n,), bool
    splits : Splits
        Of this table.

    Examples
    --------
    >>> from ganatomy.explain.rules.rule import Condition
    >>> from ganatomy.explain.rules.splitting import split
    >>> table = ConceptTable(("x",), ("",), torch.arange(1000.0).double()[:, None])
    >>> rare = table.column("x") < 100
    >>> most, splits = Rule(((Condition("x", False, 399.0),),)), split(rare, seed=0)
    >>> found = judge_as_they_come(most, table, rare, splits)
    >>> found.natural_baseline, found.is_worse  # it says so of 400, where 100 are
    (0.9, True)
    """
    unseen = torch.ones(len(decisions), dtype=torch.bool)
    unseen[torch.cat([splits.train, splits.choice])] = False
    agrees, made = rule.holds(table.take(unseen)) == decisions[unseen], decisions[unseen]
    share = int(decisions.sum()) / len(decisions)
    sides = (made, ~made)
    fidelity, low, high = weighted_share(
        [int(agrees[side].sum()) for side in sides],
        [int(side.sum()) for side in sides],
        [share, 1 - share],
    )
    return AsTheyCome(fidelity, low, high, max(share, 1 - share), share)
