"""CPU threads shared out to stages: to the most urgent first, else first come, first served."""

import bisect
import threading
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
        self._changed = threading.Condition()

    @contextmanager
    def take(self, wanted: int, urgency: float = 0.0) -> Iterator[None]:
        """Hold `wanted` slots (at most all) while the block lasts."""
        count = min(wanted, self.total)
        with self._changed:
            ticket = (-urgency, self._arrived)
            self._arrived += 1
            bisect.insort(self._queue, ticket)
            try:
                self._changed.wait_for(lambda: self._queue[0] == ticket and self._free >= count)
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
