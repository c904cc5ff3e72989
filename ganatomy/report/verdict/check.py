"""One figure against one threshold."""

import math
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Check:
    """A figure, what it should be, and by how much it is: also where it passed.

    Attributes
    ----------
    name : str
        What the figure is, in plain words.
    value : float or None
        None where it was not measured.
    threshold : float or None
    margin : float or None
        How far the value is on the good side of the threshold; below 0 on the bad side.
    passed : bool or None
        None: not measured.
    unit : str
    rule : str
        "at least" or "at most", before the threshold.
    is_blocking : bool
        False: a note, which decides nothing.

    Examples
    --------
    >>> Check.at_least("precision", 0.9, 0.7).passed
    True
    >>> Check.at_most("classes missing", 2, 0).margin
    -2.0
    """

    name: str
    value: float | None
    threshold: float | None
    margin: float | None
    passed: bool | None
    unit: str = ""
    rule: str = ""
    is_blocking: bool = True

    @classmethod
    def at_least(
        cls,
        name: str,
        value: float | None,
        threshold: float | None,
        *,
        unit: str = "",
        is_blocking: bool = True,
    ) -> Self:
        """Ask for a figure that is not below a threshold; None and NaN are not measured."""
        return cls._judged(name, value, threshold, 1, unit, is_blocking)

    @classmethod
    def at_most(
        cls,
        name: str,
        value: float | None,
        threshold: float | None,
        *,
        unit: str = "",
        is_blocking: bool = True,
    ) -> Self:
        """Ask for a figure that is not above a threshold; None and NaN are not measured."""
        return cls._judged(name, value, threshold, -1, unit, is_blocking)

    @classmethod
    def _judged(
        cls,
        name: str,
        value: float | None,
        threshold: float | None,
        sign: int,
        unit: str,
        is_blocking: bool,
    ) -> Self:
        known, asked = _finite(value), _finite(threshold)
        margin = None if known is None or asked is None else sign * (known - asked) + 0.0  # no -0
        passed = None if margin is None else margin >= 0
        rule = "at least" if sign > 0 else "at most"
        return cls(name, known, asked, margin, passed, unit, rule, is_blocking)


def _finite(value: float | None) -> float | None:
    """JSON has no NaN, and an infinite figure is no measurement."""
    return None if value is None or not math.isfinite(value) else float(value)
