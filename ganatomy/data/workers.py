"""Work on many files in several processes, with results in the order of the files.

Processes and not threads: of a small image, most of the time is Python's; and the alarm that ends
the decoding of an image that takes too long rings in a main thread only, which each of them has.
"""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final, Generic, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")

AT_A_TIME = 16
_FEWEST_EACH = 256  # items that are worth a process
_AHEAD = 3  # parcels that a process is given before their turn
_END_S = 5.0
_METHOD: Final = "fork"  # the others import the caller's main module anew, torch and all
_GONE = (EOFError, ConnectionError)


def in_order(
    function: Callable[[_In], _Out],
    items: Sequence[_In],
    num_workers: int,
    lost: Callable[[str], _Out],
    *,
    at_a_time: int = AT_A_TIME,
) -> Iterator[_Out]:
    """Yield ``function(item)`` of each item in order, computed by several processes.

    In this process where there are few items, one worker, or no way to fork. What is yielded is the
    same for any number of workers. At most a few parcels for each worker wait for their turn.

    Parameters
    ----------
    function : callable
        Raises nothing; what it takes and returns can be pickled.
    items : sequence
    num_workers : int
    lost : callable
        Makes the result of an item whose process ended, from how it ended: a decoder may crash.
    at_a_time : int
        Items of a parcel, which is sent and answered as one: a process is not woken for each item.
        After a crash the items of its parcel are computed again, one by one.

    Examples
    --------
    >>> list(in_order(str.upper, ["a", "b"], num_workers=2, lost=str))
    ['A', 'B']
    """
    count = min(num_workers, len(items) // _FEWEST_EACH)
    if count < 2 or not _can_fork():
        yield from map(function, items)
        return
    parcels = [items[start : start + at_a_time] for start in range(0, len(items), at_a_time)]
    team: list[_Worker[_In, _Out]] = []
    try:
        for _ in range(count):
            team.append(_Worker(function, lost, team))
        sent = 0
        for index in range(len(parcels)):
            while sent < min(len(parcels), index + _AHEAD * count):
                team[sent % count].send(parcels[sent])
                sent += 1
            yield from team[index % count].receive()
    finally:
        for worker in team:
            worker.end()


def _can_fork() -> bool:
    """Say whether a process may be forked; elsewhere than on Linux, system libraries forbid it."""
    return sys.platform == "linux" and not multiprocessing.current_process().daemon


class _Worker(Generic[_In, _Out]):
    """A process, and the parcels of items that it was sent and has not answered."""

    def __init__(
        self,
        function: Callable[[_In], _Out],
        lost: Callable[[str], _Out],
        team: "list[_Worker[_In, _Out]]",
    ) -> None:
        self._function, self._lost, self._team = function, lost, team
        self._waiting: deque[Sequence[_In]] = deque()
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context(_METHOD)
        self._connection, theirs = context.Pipe()
        ours = [worker._connection for worker in {*self._team, self}]
        self._process = context.Process(
            target=_serve, args=(self._function, theirs, ours), daemon=True
        )
        self._process.start()
        theirs.close()

    def send(self, parcel: Sequence[_In]) -> None:
        self._waiting.append(parcel)
        with suppress(*_GONE):  # whoever receives next finds out, and sends it again
            self._connection.send(parcel)

    def receive(self) -> list[_Out]:
        try:
            found: list[_Out] = self._connection.recv()
        except _GONE:
            how = self._end()
            return self._again(self._waiting.popleft(), how)
        self._waiting.popleft()
        return found

    def _again(self, parcel: Sequence[_In], how: str) -> list[_Out]:
        """Compute a parcel without the item that a process ends at, then go on with the others."""
        later, self._waiting = self._waiting, deque()
        self._start()
        if len(parcel) == 1:
            found = [self._lost(f"the process that read it ended ({how})")]
        else:
            found = []
            for item in parcel:
                self.send([item])
                found += self.receive()
        for each in later:
            self.send(each)
        return found

    def _end(self) -> str:
        """End the process, and say how it ended."""
        self.end()
        code = self._process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def end(self) -> None:
        self._connection.close()
        self._process.join(_END_S)  # it sees the end of its connection
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(
    function: Callable[[Any], Any], connection: Connection, others: list[Connection]
) -> None:
    """Answer until the other end is closed, or its process gone: no copy of it may stay open."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in others:
        other.close()
    with suppress(*_GONE):
        while True:
            connection.send([function(item) for item in connection.recv()])
