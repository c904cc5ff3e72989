"""How the raw value of a concept is read, before a rule compares it with a threshold."""

from collections.abc import Iterable
from dataclasses import dataclass

from ganatomy.explain.rules.probabilities import UNIT as PROBABILITY

GREY = "0 black to 1 white"
"""In the unit of a concept that is a brightness or a difference of them."""
LEVELS = 255
TENTHS = 10


@dataclass(frozen=True)
class Reading:
    """Median and steps of a concept: rules are learned from what can be seen.

    Attributes
    ----------
    median : float
        What is read where the value is undefined: not finite.
    steps : int
        The value is rounded to this many parts of 1, halves to the even part; 0: not at all.

    Examples
    --------
    >>> contrast = Reading(median=0.25, steps=10)
    >>> contrast.of(0.3101), contrast.of(float("nan"))
    (0.3, 0.2)
    """

    median: float
    steps: int = 0

    def of(self, value: float) -> float:
        """Read a value."""
        known = value if value - value == 0 else self.median
        return round(known * self.steps) / self.steps if self.steps else known


def steps_of(unit: str) -> int:
    """Say in how many parts of 1 a concept of this unit is read; 0: to its last bit.

    Examples
    --------
    >>> steps_of("mean, 0 black to 1 white"), steps_of("probability, by D"), steps_of("pixels")
    (255, 10, 0)
    """
    if unit.startswith(PROBABILITY):
        return TENTHS
    return LEVELS if GREY in unit else 0


def readings(
    names: Iterable[str], units: Iterable[str], medians: Iterable[float]
) -> dict[str, Reading]:
    """Return how each concept is read, by name."""
    return {
        name: Reading(float(median), steps_of(unit))
        for name, unit, median in zip(names, units, medians)
    }
