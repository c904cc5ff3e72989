"""Terms of a formula: one concept, whole or beyond a knot."""

from dataclasses import dataclass

import numpy as np

from ganatomy.explain.rules.rule import MINUS, number
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.statistics import Array

NUM_KNOTS = 19  # at every 5 % of images


@dataclass(frozen=True)
class Term:
    """One concept: itself (``linear``), above a knot, or below one.

    Examples
    --------
    >>> print(Term("contrast", "above", 0.31))
    max(0, contrast − 0.31)
    """

    concept: str
    kind: str
    knot: float

    def of(self, table: ConceptTable) -> Array:
        """Return its value of each image, shape (n,)."""
        values: Array = table.column(self.concept).numpy()
        if self.kind == "linear":
            return values
        return np.maximum(0, (values - self.knot) * (1 if self.kind == "above" else -1))

    def __str__(self) -> str:
        if self.kind == "linear":
            return self.concept
        knot = number(abs(self.knot))
        if self.kind == "above":
            return f"max(0, {self.concept} {'+' if self.knot < 0 else MINUS} {knot})"
        return f"max(0, {MINUS if self.knot < 0 else ''}{knot} {MINUS} {self.concept})"


def candidate_terms(table: ConceptTable) -> list[Term]:
    """List the terms that a formula may have, of concepts that vary.

    Knots are quantiles of these images, rounded to a thirtieth or less of the concept's
    standard deviation. Of a concept with few values they are those values.
    """
    found = []
    for place, concept in enumerate(table.names):
        values: Array = table.values[:, place].numpy()
        if np.ptp(values) == 0:
            continue
        found.append(Term(concept, "linear", float("nan")))
        digits = int(np.ceil(-np.log10(values.std() / 30)))
        quantiles = np.quantile(values, np.linspace(0, 1, NUM_KNOTS + 2))
        knots = sorted({round(float(each), digits) for each in quantiles})
        found += [
            Term(concept, kind, knot)
            for knot in knots
            if values.min() < knot < values.max()
            for kind in ("above", "below")
        ]
    return found


def short(weight: float) -> str:
    """Write a number with three significant digits.

    Examples
    --------
    >>> short(-1.2345), short(1234.5)
    ('-1.23', '1230')
    """
    return f"{float(f'{weight:.3g}'):.15g}"
