"""CPU threads shared out to stages: to the most urgent first, else first come, first served."""

import bisect
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """A semaphore of which one can take several at once.

    Strictly in order of urgency, then of arrival: who is first in line is not overtaken by those
    that would fit.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._queue: list[tuple[float, int]] = []
        self._arrived = 0
        self._expected: dict[str, tuple[float, float]] = {}  # urgency, until when
        self._changed = threading.Condition()

    def expect(self, who: str, urgency: float, within_s: float = 5.0) -> None:
        """Keep those that are less urgent waiting for one that is about to ask.

        A stage asks a moment after the last one that it needs has ended. In that moment one that
        waits already would take its threads, and may keep them for minutes.
        """
        with self._changed:
            self._expected[who] = (urgency, time.monotonic() + within_s)

    @contextmanager
    def take(self, wanted: int, urgency: float = 0.0, who: str = "") -> Iterator[None]:
        """Hold `wanted` slots (at most all) while the block lasts."""
        count = min(wanted, self.total)
        with self._changed:
            self._expected.pop(who, None)
            ticket = (-urgency, self._arrived)
            self._arrived += 1
            bisect.insort(self._queue, ticket)
            try:
                while not self._is_turn(ticket, count):
                    self._changed.wait(self._patience_s())
                self._free -= count
            finally:  # whoever gives up must not keep the others waiting
                self._queue.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += count
                self._changed.notify_all()

    def _is_turn(self, ticket: tuple[float, int], count: int) -> bool:
        now = time.monotonic()
        self._expected = {who: each for who, each in self._expected.items() if each[1] > now}
        awaited = any(urgency > -ticket[0] for urgency, _ in self._expected.values())
        return self._queue[0] == ticket and self._free >= count and not awaited

    def _patience_s(self) -> float | None:
        """Until the first of those that are expected is expected no longer."""
        if not self._expected:
            return None
        return max(0.0, min(until for _, until in self._expected.values()) - time.monotonic())
