"""One decision that was asked about, and the rule that answers it."""

from dataclasses import dataclass, field

import pandas as pd
import torch

from ganatomy.explain.rules.as_they_come import NATURAL_COLUMNS, AsTheyCome
from ganatomy.explain.rules.reading import Reading
from ganatomy.explain.rules.rule import Rule

NETWORKS = ("D", "G")
DESCRIBES = "describes, does not cause"
CAUSES = "causes"
NOT_TRIED = "not tried whether it causes"

CANDIDATE_COLUMNS = [
    *("learner", "length", "text", "fidelity", "low", "high"),
    *("baseline", "baseline_low", "baseline_high", "coverage", "precision", "recall"),
    *("stability", "chosen_by", "is_shown", *NATURAL_COLUMNS),
]
CHANGE_COLUMNS = [
    *("condition", "way", "num_tried", "num_images", "moved", "low", "high"),
    *("by_rule", "by_chance", "others", "holds", "reason"),
]


@dataclass(frozen=True, eq=False)
class Answer:
    """One decision, and the rule that is shown for it, or why none is.

    Attributes
    ----------
    name : str
        A key: ``real``, ``high_logit``, ``fake_taken_for_real``, ``real_rejected``,
        ``direction:<k>``, ``missed``, ``invented``.
    network : str of `NETWORKS`
    question : str
        What is asked, in words: "When does D take an image for real?".
    says : str
        What is said where the rule holds: "D says real".
    otherwise : str
        What is said where it does not.
    rule : Rule or None
    reason : str
        Why no rule is shown; "" where one is.
    counts : dict of str to int
        Images, by ``train``, ``choice``, ``held_out`` and ``made`` (of the held out ones, those of
        which the decision was made).
    candidates : DataFrame
        One row for each rule of each learner: ``learner``, ``length``, ``text``; ``fidelity``,
        ``low``, ``high`` (95 %) on held-out images: the share on which rule and network agree;
        ``baseline``, ``baseline_low``, ``baseline_high``: of the decision that is made most;
        ``coverage``: the share of which the rule holds; ``precision``, ``recall``; ``stability``
        over seeds, 0 to 1; ``chosen_by``, the fidelity on the images of ``choice``, by which the
        choice is made; ``is_shown``; and those of `as_they_come.AsTheyCome`, on images as they
        come, where all others are of as many images of either decision.
    changes : DataFrame
        The counterfactual check, one row for each condition of the rule (see `counterfactual`):
        ``condition``; ``way`` of changing images until the rule flips, "" for none;
        ``num_tried`` and, of these, ``num_images`` of which the rule did flip; ``moved``, ``low``,
        ``high``: the share whose decision moved as the rule says (``by_rule``) minus that of as
        large a change that leaves the rule as it is (``by_chance``), with a 95 % interval;
        ``others``: the share in which another condition of the rule turned as well; ``holds``;
        ``reason`` why it could not be tried, else "": then ``holds`` is False and counts for
        nothing.
    satisfying, violating : Tensor of shape (k, c, h, w), uint8
        Held-out images of which the rule holds, and does not.
    readings : dict of str to Reading
        How the concepts of the rule are read before they are compared with a threshold; none of
        directions, which are taken as they are.
    """

    name: str
    network: str
    question: str
    says: str
    otherwise: str
    rule: Rule | None
    reason: str
    counts: dict[str, int]
    candidates: pd.DataFrame
    changes: pd.DataFrame
    satisfying: torch.Tensor
    violating: torch.Tensor
    readings: dict[str, Reading] = field(default_factory=dict)

    @property
    def shown_row(self) -> pd.Series | None:
        """The row of `candidates` of the rule that is shown; None where there is none."""
        if self.rule is None or self.candidates.empty:
            return None
        shown = self.candidates[self.candidates["is_shown"].astype(bool)]
        return None if shown.empty else shown.iloc[0]

    @property
    def figures(self) -> dict[str, float]:
        """Agreement of the shown rule with the network; empty where it was not judged."""
        row = self.shown_row
        if row is None:
            return {}
        names = ("fidelity", "low", "high", "baseline", *NATURAL_COLUMNS)
        return {name: float(row[name]) for name in names if name in row}

    @property
    def as_they_come(self) -> AsTheyCome | None:
        """Figures of the shown rule on images as they come; None where there are none."""
        row = self.shown_row
        if row is None or not set(NATURAL_COLUMNS) <= set(row.index):
            return None
        return AsTheyCome(*(float(row[name]) for name in NATURAL_COLUMNS))

    @property
    def tried(self) -> pd.DataFrame:
        """The conditions that could be changed."""
        if self.changes.empty:
            return self.changes
        return self.changes[self.changes["reason"] == ""]

    @property
    def causes(self) -> bool | None:
        """Whether the decision moves with every condition that could be changed.

        None where none could.
        """
        return None if self.tried.empty else bool(self.tried["holds"].all())

    @property
    def mark(self) -> str:
        """`CAUSES`, `DESCRIBES` or `NOT_TRIED` of a rule; "" where this is no question."""
        if self.rule is None or self.changes.empty:
            return ""
        return {True: CAUSES, False: DESCRIBES, None: NOT_TRIED}[self.causes]
