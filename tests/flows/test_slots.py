"""Threads are shared out by urgency, then in order of arrival, and never more than there are."""

import threading
import time
from collections.abc import Callable

import pytest

from flows.slots import Slots

LIMIT_S = 10.0


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


class _Stage:
    """A thread that takes slots and holds them until it is told to let go."""

    def __init__(self, slots: Slots, wanted: int) -> None:
        self.holds = threading.Event()
        self._let_go = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(slots, wanted), daemon=True)
        self._thread.start()

    def _run(self, slots: Slots, wanted: int) -> None:
        with slots.take(wanted):
            self.holds.set()
            self._let_go.wait(LIMIT_S)

    def end(self) -> None:
        self._let_go.set()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()


def _arrive(slots: Slots, *wanted: int) -> list[_Stage]:
    """Stages that arrive one after the other: each holds its slots or waits for them."""
    stages = []
    for count in wanted:
        stage = _Stage(slots, count)
        waiting = sum(not other.holds.is_set() for other in stages)
        _until(lambda s=stage, n=waiting: s.holds.is_set() or len(slots._queue) > n)  # type: ignore[misc]
        stages.append(stage)
    time.sleep(0.02)
    return stages


def _holding(stages: list[_Stage]) -> list[bool]:
    return [stage.holds.is_set() for stage in stages]


def test_as_many_run_as_fit() -> None:
    stages = _arrive(Slots(3), 1, 2, 1)
    assert _holding(stages) == [True, True, False]
    stages[0].end()
    assert stages[2].holds.wait(LIMIT_S)
    for stage in stages[1:]:
        stage.end()


def test_first_come_first_served() -> None:
    """The one that needs all is not overtaken by small ones that would fit."""
    slots = Slots(2)
    stages = _arrive(slots, 1, 2, 1, 1)
    assert _holding(stages) == [True, False, False, False]
    stages[0].end()
    assert stages[1].holds.wait(LIMIT_S)
    assert _holding(stages)[2:] == [False, False]
    stages[1].end()
    assert stages[2].holds.wait(LIMIT_S)
    assert stages[3].holds.wait(LIMIT_S)
    for stage in stages[2:]:
        stage.end()


def test_the_most_urgent_is_served_first() -> None:
    slots = Slots(1)
    served: list[str] = []
    first = _Stage(slots, 1)
    assert first.holds.wait(LIMIT_S)

    def work(name: str, urgency: float) -> None:
        with slots.take(1, urgency):
            served.append(name)

    threads = []
    arriving = (("low", 1.0), ("high", 9.0), ("also low", 1.0), ("middle", 5.0))
    for count, arrival in enumerate(arriving, 1):
        threads.append(threading.Thread(target=work, args=arrival, daemon=True))
        threads[-1].start()
        _until(lambda n=count: len(slots._queue) == n)  # type: ignore[misc]
    first.end()
    for thread in threads:
        thread.join(LIMIT_S)
    assert served == ["high", "middle", "low", "also low"]


@pytest.mark.parametrize("wanted", [3, 100])
def test_wanting_more_than_there_are_means_all(wanted: int) -> None:
    slots = Slots(2)
    stages = _arrive(slots, wanted, 1)
    assert _holding(stages) == [True, False]
    stages[0].end()
    assert stages[1].holds.wait(LIMIT_S)
    stages[1].end()
    stages = _arrive(slots, 1, 1)
    assert _holding(stages) == [True, True]
    for stage in stages:
        stage.end()


def test_the_order_of_waking_does_not_matter() -> None:
    """Those behind the first one are told again once it has taken its slots."""

    class LastFirst(threading.Condition):
        def notify_all(self) -> None:
            self._waiters.reverse()  # type: ignore[attr-defined]
            super().notify_all()

    for _ in range(5):
        slots = Slots(3)
        slots._changed = LastFirst()
        stages = _arrive(slots, 3, 1, 1, 1)
        stages[0].end()
        for stage in stages[1:]:
            assert stage.holds.wait(LIMIT_S)
        for stage in stages[1:]:
            stage.end()


def test_slots_come_back_after_an_error() -> None:
    slots = Slots(2)
    for _ in range(3):
        with pytest.raises(ValueError, match="stage failed"), slots.take(2):
            raise ValueError("stage failed")
    with slots.take(2):
        pass


def test_never_more_than_all_are_taken() -> None:
    slots = Slots(3)
    lock = threading.Lock()
    taken, most, served = 0, 0, 0

    def work(wanted: int) -> None:
        nonlocal taken, most, served
        for _ in range(30):
            with slots.take(wanted):
                with lock:
                    taken += min(wanted, 3)
                    most = max(most, taken)
                time.sleep(0.0001)
                with lock:
                    taken -= min(wanted, 3)
                    served += 1

    threads = [threading.Thread(target=work, args=(wanted,)) for wanted in (1, 1, 2, 3, 5, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert not any(thread.is_alive() for thread in threads)
    assert served == 180
    assert most == 3
    assert taken == 0


def _served_after(slots: Slots, first: _Stage, *asking: tuple[str, float]) -> list[str]:
    """Who is served in which order once `first` lets go; each asks once those before it wait."""
    served: list[str] = []

    def work(name: str, urgency: float) -> None:
        with slots.take(1, urgency, name):
            served.append(name)

    threads = [threading.Thread(target=work, args=each, daemon=True) for each in asking]
    threads[0].start()
    _until(lambda: len(slots._queue) == 1)
    first.end()
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    return served


@pytest.mark.parametrize(
    ("urgency", "expected"), [(9.0, ["train", "retrain"]), (1.0, ["retrain", "train"])]
)
def test_one_that_is_about_to_ask_is_waited_for_by_the_less_urgent(
    urgency: float, expected: list[str]
) -> None:
    slots = Slots(1)
    first = _Stage(slots, 1)
    assert first.holds.wait(LIMIT_S)
    slots.expect("train", urgency, within_s=LIMIT_S)
    if urgency > 5:
        assert _served_after(slots, first, ("retrain", 5.0), ("train", urgency)) == expected
    else:  # it may take its time: nobody waits
        assert _served_after(slots, first, ("retrain", 5.0)) == expected[:1]
        second = _Stage(slots, 1)
        assert second.holds.wait(LIMIT_S)  # else it is taken for the one that waits
        assert _served_after(slots, second, ("train", urgency)) == expected[1:]
    assert slots._expected == {}


def test_one_that_never_asks_is_not_waited_for_for_long() -> None:
    slots = Slots(1)
    first = _Stage(slots, 1)
    assert first.holds.wait(LIMIT_S)
    slots.expect("crashed", 9.0, within_s=0.05)
    assert _served_after(slots, first, ("retrain", 5.0)) == ["retrain"]
    with slots.take(1, 0.0):
        pass
