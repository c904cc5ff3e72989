"""What the study of rules found: an answer for each decision that was asked about."""

from dataclasses import dataclass

import pandas as pd
import torch

from ganatomy.explain.rules.rule import Rule

NETWORKS = ("D", "G")
DESCRIBES = "describes, does not cause"


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
        choice is made; ``is_shown``.
    changes : DataFrame
        The counterfactual check, one row for each condition and way of changing images until the
        rule flips: ``condition``, ``way``, ``num_images`` changed so that the rule did flip;
        ``moved``, ``low``, ``high``: of these the share whose decision moved as the rule says,
        minus that of as large a change at random (see `counterfactual`); ``holds``.
    satisfying, violating : Tensor of shape (k, c, h, w), uint8
        Held-out images of which the rule holds, and does not.
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

    @property
    def causes(self) -> bool | None:
        """Whether the decision moves with the rule; None where that could not be tried."""
        if self.changes.empty:
            return None
        return bool(self.changes["holds"].all())


@dataclass(frozen=True, eq=False)
class RulesStudy:
    """The answers, and the concepts that they are made of.

    Attributes
    ----------
    answers : tuple of Answer
    concepts : DataFrame
        One row for each concept: ``name``, ``unit``, ``low``, ``high``, ``mean``, ``std`` over the
        real images (generated ones where there are none); ``reason`` why it is left out, else "".
    formula : DataFrame
        D's logit as a short sum of concepts (see `formula`), a row for each term; empty without D.
    formula_figures : dict of str to float
        ``r2``, ``low``, ``high`` on held-out images, ``num_images``; empty without D.
    left_out : dict of str to str
        Questions that could not be asked, by name, and why.
    """

    answers: tuple[Answer, ...]
    concepts: pd.DataFrame
    formula: pd.DataFrame
    formula_figures: dict[str, float]
    left_out: dict[str, str]
