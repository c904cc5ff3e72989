"""Units in the texts of rules: of what a threshold is so many."""

import re
from collections.abc import Mapping

import pandas as pd

from ganatomy.explain.rules.latent_tables import PREFIX, UNIT
from ganatomy.explain.rules.rule import MINUS

_SPOKEN = ("pixels", "degrees", UNIT)
"""Others are of no use in a sentence: shares, ratios, and what lies on a scale from 0 to 1."""
_CONDITION = re.compile(
    rf"([\w:.-]+(?:\([^()]*\))?) ([>≤]) ({MINUS}?\d+(?:\.\d+)?(?:e[{MINUS}+]?\d+)?)"
)


def units_of(concepts: pd.DataFrame) -> dict[str, str]:
    """Return the unit of each concept of ``RulesStudy.concepts``, by name."""
    return dict(zip(concepts["name"], concepts["unit"])) if len(concepts) else {}


def measured(number: str, unit: str) -> str:
    """Write a number with its unit, where one says it in a sentence.

    Examples
    --------
    >>> measured("−0.025", "pixels right of the middle"), measured("1", "pixels")
    ('−0.025 pixels', '1 pixel')
    >>> measured("0.31", "mean, 0 black to 1 white")
    '0.31'
    """
    spoken = next((each for each in _SPOKEN if f"{unit} ".startswith(f"{each} ")), "")
    if number.removeprefix(MINUS) == "1":
        spoken = spoken.removesuffix("s")
    return f"{number} {spoken}".rstrip()


def with_units(text: str, units: Mapping[str, str]) -> str:
    """Put units behind the thresholds in the text of a rule, or of one of its conditions.

    Parameters
    ----------
    text : str
    units : mapping of str to str
        By concept; directions have theirs.

    Examples
    --------
    >>> with_units("(width > 2 and holes ≤ 1) or direction:2 ≤ −1", {"width": "pixels"})
    '(width > 2 pixels and holes ≤ 1) or direction:2 ≤ −1 standard deviation'
    """

    def written(found: re.Match[str]) -> str:
        concept, sign, number = found.groups()
        unit = UNIT if concept.startswith(PREFIX) else units.get(concept, "")
        return f"{concept} {sign} {measured(number, unit)}"

    return _CONDITION.sub(written, text)
