"""Who may read a stage's outputs, and who may write them anew.

DVC's own locks tell processes apart, and all stages of a run are started by one.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Many readers of a stage's outputs, or one that writes them."""

    def __init__(self) -> None:
        self._readers: Counter[str] = Counter()
        self._writing: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def reading(self, stages: tuple[str, ...]) -> Iterator[None]:
        """Wait until none of them is written, and keep it so while the block lasts."""
        with self._changed:
            self._changed.wait_for(lambda: self._writing.isdisjoint(stages))
            self._readers.update(stages)
        try:
            yield
        finally:
            with self._changed:
                self._readers.subtract(stages)
                self._changed.notify_all()

    @contextmanager
    def writing(self, stage: str) -> Iterator[None]:
        """Wait until nobody reads it, and keep readers out while the block lasts."""
        with self._changed:
            self._changed.wait_for(lambda: stage not in self._writing and not self._readers[stage])
            self._writing.add(stage)
        try:
            yield
        finally:
            with self._changed:
                self._writing.remove(stage)
                self._changed.notify_all()
