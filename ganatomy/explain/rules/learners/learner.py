"""What a learner of rules is."""

from typing import Protocol

import torch

from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.table import ConceptTable


class Learner(Protocol):
    """Learn rules for a decision, of several lengths: a function, by name in `known.LEARNERS`."""

    def __call__(
        self, table: ConceptTable, decisions: torch.Tensor, *, max_length: int, seed: int
    ) -> list[Rule]:
        """Return rules that hold where the decision was made, shortest first, each simplified.

        Parameters
        ----------
        table : ConceptTable
            Of the images to learn from, and of no others.
        decisions : Tensor of shape (n,), bool
        max_length : int
            Conditions of a rule, at most; longer ones are not returned.
        seed : int

        Returns
        -------
        list of Rule
            At most one of each length; none where nothing was found.
        """
