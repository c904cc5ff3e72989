"""How far a run is: what is done of it, and the time that is left."""

from dataclasses import dataclass

from flows import forecast


@dataclass(frozen=True)
class Standing:
    """Where a run stands at one moment.

    Attributes
    ----------
    done, total : int
        Stages.
    left_s : float, optional
        Seconds until the run ends, by forecast; None while there is nothing to go by.
    """

    done: int
    total: int
    left_s: float | None

    def __str__(self) -> str:
        """As ``7 of 19 stages, about 45 s left``."""
        stages = f"{self.done} of {self.total} stages"
        if self.done == self.total:
            return stages
        return f"{stages}, {self.left}"

    @property
    def left(self) -> str:
        """The time alone, as ``about 45 s left``."""
        if self.left_s is None:
            return "time left not known yet"
        return f"{forecast.words(self.left_s)} left"
