"""How far a stage is by what it says of itself, and when it will be done at that pace."""

from typing import Any

from flows.watch import Event

_TELLING = 0.1  # the share of the work from which on its pace says something


class Pace:
    """The events of progress of one stage; nothing is known where it counts several things."""

    def __init__(self) -> None:
        self._counts: tuple[Any, Any] | None = None
        self._first: tuple[float, float] | None = None  # time, share that is done
        self._last: tuple[float, float] | None = None
        self._is_one = True

    def note(self, event: Event, now: float) -> None:
        """Take in an event of progress at a time in seconds."""
        counts = (event["total"], event["unit"])
        self._is_one = self._is_one and self._counts in (None, counts)
        self._counts = counts
        self._last = (now, event["done"] / max(1, event["total"]))
        self._first = self._first or self._last

    def left(self, now: float) -> float | None:
        """Forecast the seconds that are left; None where the pace is not known."""
        if not self._is_one or self._first is None or self._last is None:
            return None
        (first_s, first), (last_s, last) = self._first, self._last
        if last - first < _TELLING:
            return None
        return max(0.0, (1 - last) * (last_s - first_s) / (last - first) - (now - last_s))
