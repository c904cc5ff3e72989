"""How well a rule says what the network decides, on images that it was not learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.statistics import share_interval


@dataclass(frozen=True)
class Judgement:
    """Figures of a rule on some images.

    Attributes
    ----------
    fidelity, low, high : float
        Share of images on which rule and network agree, and its 95 % interval (Clopper-Pearson).
    baseline, baseline_low, baseline_high : float
        The same of saying of all images what the network decides most.
    gain, gain_low, gain_high : float
        Fidelity minus baseline, with an interval that is paired and exact: given the images on
        which the two differ, the rule is right on a binomial number of them (McNemar 1947).
    coverage : float
        Share of images of which the rule holds.
    precision, recall : float
        Share of those of which it holds that were so decided, and of those so decided that it
        holds of; NaN of none.
    """

    fidelity: float
    low: float
    high: float
    baseline: float
    baseline_low: float
    baseline_high: float
    gain: float
    gain_low: float
    gain_high: float
    coverage: float
    precision: float
    recall: float

    @property
    def beats_baseline(self) -> bool:
        """Whether fidelity is above the baseline's interval, and the gain's interval above 0.

        Of decisions that nothing explains at most 2.5 % of rules do by chance, one rule being
        judged; see ``choosing.answer_for``.
        """
        return self.fidelity > self.baseline_high and self.gain_low > 0


def judge(rule: Rule, table: ConceptTable, decisions: torch.Tensor) -> Judgement:
    """Compare a rule with the network's own decisions, never with true labels.

    Parameters
    ----------
    rule : Rule
    table : ConceptTable
        Of images that the rule was not learned from; at least one.
    decisions : Tensor of shape (n,), bool

    Examples
    --------
    >>> from ganatomy.explain.rules.rule import Condition
    >>> table = ConceptTable(("holes",), ("",), torch.arange(4.0).double()[:, None])
    >>> judge(Rule(((Condition("holes", True, 0.5),),)), table, table.column("holes") > 1).fidelity
    0.75
    """
    holds, count = rule.holds(table), len(decisions)
    agrees = holds == decisions
    is_most = bool(decisions.sum() * 2 > count)
    majority = decisions if is_most else ~decisions
    better, worse = int((agrees & ~majority).sum()), int((~agrees & majority).sum())
    held, made, both = int(holds.sum()), int(decisions.sum()), int((holds & decisions).sum())
    low, high = share_interval(int(agrees.sum()), count)
    baseline_low, baseline_high = share_interval(int(majority.sum()), count)
    gain_low, gain_high = _paired(better, worse, count)
    return Judgement(
        fidelity=int(agrees.sum()) / count,
        low=low,
        high=high,
        baseline=int(majority.sum()) / count,
        baseline_low=baseline_low,
        baseline_high=baseline_high,
        gain=(better - worse) / count,
        gain_low=gain_low,
        gain_high=gain_high,
        coverage=held / count,
        precision=both / held if held else float("nan"),
        recall=both / made if made else float("nan"),
    )


def _paired(better: int, worse: int, count: int) -> tuple[float, float]:
    """Interval of a difference of shares, by the images on which they differ."""
    differ = better + worse
    if not differ:
        return 0.0, 0.0
    low, high = share_interval(better, differ)
    return (2 * low - 1) * differ / count, (2 * high - 1) * differ / count


def stability(rule: Rule, others: Sequence[Rule], table: ConceptTable) -> tuple[float, float]:
    """Compare a rule with those that were learned from other draws of the images.

    Parameters
    ----------
    rule : Rule
    others : sequence of Rule
        At least one.
    table : ConceptTable
        Of held-out images.

    Returns
    -------
    agreement : float
        Mean share of images of which they say the same, 0 to 1.
    same_concepts : float
        Mean share of concepts in both among those in either (Jaccard's index), 0 to 1.
    """
    holds, concepts = rule.holds(table), set(rule.concepts)
    agreed = [float((other.holds(table) == holds).double().mean()) for other in others]
    shared = [
        len(concepts & set(other.concepts)) / max(len(concepts | set(other.concepts)), 1)
        for other in others
    ]
    return sum(agreed) / len(agreed), sum(shared) / len(shared)
