"""How good the evaluator is that figures rest on: one that guesses measures nothing."""

from dataclasses import dataclass

from ganatomy.errors import InputError
from ganatomy.statistics import share_interval
from ganatomy.wording import counted, percent

LEAST_SKILL = 0.2
"""Figures in the features of an evaluator that is nearer to guessing are not measured."""


@dataclass(frozen=True)
class EvaluatorSkill:
    """The accuracy of an evaluator on held-out images, beside that of a guess.

    Attributes
    ----------
    digest : str
        Of its weights: figures of two evaluators do not compare.
    num_right, num_images : int
        On the task that it was trained for.
    chance : float in (0, 1]
        Share of the largest class: what naming that one alone reaches.

    Examples
    --------
    >>> EvaluatorSkill("", num_right=930, num_images=1000, chance=0.1).is_enough
    True
    >>> EvaluatorSkill("", num_right=10, num_images=80, chance=0.1).is_enough
    False
    """

    digest: str
    num_right: int
    num_images: int
    chance: float

    def __post_init__(self) -> None:
        if not 0 <= self.num_right <= self.num_images or self.num_images < 1:
            raise InputError(
                f"{self.num_right} of {self.num_images} images are told right",
                "num_images",
                "Give at least one image, and no more right answers than images.",
            )

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return self.num_right / self.num_images

    @property
    def interval(self) -> tuple[float, float]:
        """Return the exact 95 % interval of the accuracy (Clopper and Pearson 1934)."""
        return share_interval(self.num_right, self.num_images)

    @property
    def skill(self) -> float:
        """Place the interval's lower end between guessing (0) and always right (1).

        Below 0 where the interval reaches below guessing; 0 where there is one class alone.
        """
        room = 1 - self.chance
        return (self.interval[0] - self.chance) / room if room > 0 else 0.0

    def in_words(self) -> str:
        """Say how often it is right, beside a guess."""
        low, high = self.interval
        return (
            f"the evaluator is right about {percent(self.accuracy)} of "
            f"{counted(self.num_images, 'held-out image')} ({percent(low)} to {percent(high)}), "
            f"a guess about {percent(self.chance)}"
        )

    @property
    def is_enough(self) -> bool:
        """Say whether figures in its features mean anything: a skill of `LEAST_SKILL` or more."""
        return self.skill >= LEAST_SKILL
