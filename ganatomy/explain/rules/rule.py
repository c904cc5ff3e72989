"""What a rule is: conditions on concepts, joined by and, and these joined by or."""

from dataclasses import dataclass

import torch

from ganatomy.explain.rules.table import ConceptTable

MINUS = "\N{MINUS SIGN}"


def number(value: float) -> str:
    """Write a threshold: all digits of up to six, so that one made round is shown as it is.

    Examples
    --------
    >>> number(-0.025), number(1 / 3)
    ('−0.025', '0.3333')
    """
    digits = ".6g" if float(f"{value:.6g}") == value else ".4g"
    return f"{value:{digits}}".replace("-", MINUS)


@dataclass(frozen=True, order=True)
class Condition:
    """One concept above a threshold, or not above it.

    Attributes
    ----------
    concept : str
    is_above : bool
        It holds where the concept is larger than the threshold; else where it is not.
    threshold : float

    Examples
    --------
    >>> print(Condition("contrast", False, 0.31))
    contrast ≤ 0.31
    """

    concept: str
    is_above: bool
    threshold: float

    def holds(self, table: ConceptTable) -> torch.Tensor:
        """Say of every image whether it holds: booleans of shape (n,)."""
        above = table.column(self.concept) > self.threshold
        return above if self.is_above else ~above

    def __invert__(self) -> "Condition":
        return Condition(self.concept, not self.is_above, self.threshold)

    def __str__(self) -> str:
        sign = ">" if self.is_above else "≤"
        return f"{self.concept} {sign} {number(self.threshold)}"


Clause = tuple[Condition, ...]
"""Conditions that hold together; an empty one always holds."""


@dataclass(frozen=True)
class Rule:
    """A decision about an image by its concepts: it is made where one of the clauses holds.

    Attributes
    ----------
    clauses : tuple of tuple of Condition
        Without any the rule never holds.

    Examples
    --------
    >>> rule = Rule(((Condition("contrast", False, 0.31), Condition("holes", True, 1.0)),))
    >>> print(rule)
    contrast ≤ 0.31 and holes > 1
    """

    clauses: tuple[Clause, ...]

    @property
    def length(self) -> int:
        """Number of conditions."""
        return sum(len(clause) for clause in self.clauses)

    @property
    def concepts(self) -> tuple[str, ...]:
        """Concepts that are asked for, in their order."""
        return tuple(dict.fromkeys(each.concept for clause in self.clauses for each in clause))

    def holds(self, table: ConceptTable) -> torch.Tensor:
        """Say of every image whether it holds: booleans of shape (n,)."""
        found = torch.zeros(len(table), dtype=torch.bool)
        for clause in self.clauses:
            whole = torch.ones(len(table), dtype=torch.bool)
            for condition in clause:
                whole &= condition.holds(table)
            found |= whole
        return found

    def __str__(self) -> str:
        if not self.clauses:
            return "never"
        if () in self.clauses:
            return "always"
        texts = [" and ".join(map(str, clause)) for clause in self.clauses]
        if len(texts) == 1:
            return texts[0]
        return " or ".join(f"({text})" if " and " in text else text for text in texts)
