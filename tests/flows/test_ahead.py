"""What a run says of its length, with made-up costs, and the process that measures."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows import ahead, pace, params, speed
from flows.ahead import Ahead
from flows.stages import Stage
from flows.standing import Standing

STAGES = [
    Stage(name, upstream, (), 1, 60, 0)
    for name, upstream in (("a", ()), ("b", ("a",)), ("c", ()), ("d", ("c",)))
]
COSTS = {"a": 10.0, "b": 20.0, "c": 5.0, "d": 4.0}
SPEED = {"compute": 0.01, "train": 0.02, "retrain": 0.01}
END_S = ahead._AT_THE_END_S


class _Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(ahead, "time", made)
    monkeypatch.setattr(ahead, "costs", lambda *_: COSTS)
    monkeypatch.setattr(speed, "result", lambda *_: SPEED)
    return made


def _begin(root: Path, unchanged: list[str], told: list[str]) -> Ahead:
    return Ahead(
        root, STAGES, unchanged, slots=2, document=params.defaults(), tell=told.append
    ).__enter__()


def test_a_run_says_at_its_start_how_long_it_takes(tmp_path: Path, clock: _Clock) -> None:
    told: list[str] = []
    for unchanged in ([], ["a", "c"]):
        _begin(tmp_path, unchanged, told)._thread.join()
    assert END_S == 6  # 30 + 6, 20 + 6
    assert told == [
        "About 35 s on this machine (2 cores, 1,600 training images/s); 4 stages.",
        "About 25 s on this machine (2 cores, 1,600 training images/s); 4 stages, of which 2 are "
        "unchanged.",
    ]


def test_at_each_end_it_says_what_is_left(tmp_path: Path, clock: _Clock) -> None:
    run = _begin(tmp_path, [], [])
    run.stage_started("a")
    run.stage_started("c")
    clock.now_s += 5
    run._thread.join()
    assert run.stage_ended("c", "ran", 5.0) == "1 of 4 stages, about 30 s left"  # a 5, b 20: 25 + 6
    run.stage_started("d")
    clock.now_s += 20
    # 30 s where 15 were forecast: all takes (30 + 30) / (30 + 15) as long; b alone, 26.7 + 6
    assert run.stage_ended("a", "ran", 25.0) == "2 of 4 stages, about 35 s left"
    assert run.stage_ended("d", "failed", 20.0) == ""
    run.stage_started("d")  # again: it has 4 / 3 of 4 s to go, beside b
    run.stage_started("b")
    clock.now_s += 10
    run.stage_said("b", {"kind": "progress", "done": 0, "total": 100, "unit": "steps"})
    clock.now_s += 10
    run.stage_said("b", {"kind": "progress", "done": 20, "total": 100, "unit": "steps"})
    # 80 steps at 2 a second
    assert run.stage_ended("d", "restored", 20.0) == "3 of 4 stages, about 45 s left"
    assert run.stage_ended("b", "ran", 60.0) == "4 of 4 stages"
    assert run.standing() == Standing(4, 4, END_S)


def test_between_two_ends_it_is_told_once_a_second(tmp_path: Path, clock: _Clock) -> None:
    run = _begin(tmp_path, ["c"], [])
    run._thread.join()
    run.stage_started("a")
    assert run.due() == Standing(1, 4, 30 + END_S)
    clock.now_s += 0.5
    assert run.due() is None
    clock.now_s += 0.5
    assert run.due() == Standing(1, 4, 29 + END_S)


def test_a_machine_that_was_not_timed_is_known_by_what_stages_took(
    tmp_path: Path, clock: _Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "result", lambda *_: None)
    told: list[str] = []
    run = _begin(tmp_path, [], told)
    run._thread.join()
    assert told == [
        "This machine (2 cores) could not be timed; a usual one takes about 35 s; 4 stages."
    ]
    assert run.standing() == Standing(0, 4, None)
    assert run.stage_ended("c", "ran", 15.0) == "1 of 4 stages, time left not known yet"
    # 35 s where 15 were forecast: (30 + 35) / (30 + 15) times b's 20
    found = run.stage_ended("a", "ran", 20.0)
    assert found == "2 of 4 stages, about 35 s left"


def test_what_stages_took_is_kept_with_what_they_had_to_do(tmp_path: Path, clock: _Clock) -> None:
    run = _begin(tmp_path, [], [])
    run._thread.join()
    run.stage_ended("a", "ran", 12.0)
    run.stage_ended("c", "restored", 1.0)
    run.__exit__(None, None, None)
    assert ahead.measured(tmp_path) == {"a": ahead.Measured(12.0, 1.0, 0.01, 0.01)}
    (tmp_path / ".ganatomy" / "work.json").write_text('{"a": 12.0}')
    assert ahead.measured(tmp_path) == {}


def test_a_pace_is_told_from_a_tenth_on_and_of_one_count_alone() -> None:
    found = pace.Pace()

    def note(done: int, total: int, now: float, unit: str = "steps") -> None:
        found.note({"done": done, "total": total, "unit": unit}, now)

    assert found.left(0.0) is None
    note(50, 200, 10.0)  # it went on from a checkpoint
    note(60, 200, 12.0)
    assert found.left(12.0) is None
    note(100, 200, 20.0)
    assert found.left(20.0) == pytest.approx(20.0)  # 5 a second, 100 to go
    assert found.left(23.0) == pytest.approx(17.0)
    assert found.left(99.0) == 0
    note(1, 30, 30.0, "images")
    assert found.left(30.0) is None


def _project(folder: Path, body: str) -> Path:
    """A project in which what measures is another program."""
    (folder / "tasks" / "shared").mkdir(parents=True)
    for package in ("tasks", "tasks/shared"):
        (folder / package / "__init__.py").touch()
    (folder / "tasks" / "shared" / "speed.py").write_text(body)
    return folder


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def test_what_was_measured_is_known_from_then_on(tmp_path: Path) -> None:
    root, document = _project(tmp_path, f"print({json.dumps(SPEED)!r})"), params.defaults()
    assert speed.known(root, document) is None
    with speed.measuring(root, document):
        assert speed.result(root, document) == SPEED
    (root / "tasks" / "shared" / "speed.py").write_text("raise SystemExit(1)")
    with speed.measuring(root, document):
        assert speed.result(root, document) == SPEED
    document["train"]["epochs"] += 1  # a step takes no longer
    assert speed.known(root, document) == SPEED
    document["gan"]["discriminator"] = "resnet"
    with speed.measuring(root, document):
        assert speed.result(root, document) is None  # it failed: its stage says why


@pytest.mark.parametrize("said", ["", "no json", "[]", '{"compute": 1}', "{}"])
def test_what_cannot_be_read_is_no_measure(said: str, tmp_path: Path) -> None:
    root, document = _project(tmp_path, f"print({said!r})"), params.defaults()
    with speed.measuring(root, document):
        assert speed.result(root, document) is None
    assert not (root / ".ganatomy").exists()


def test_a_measure_that_is_broken_off_leaves_no_process(tmp_path: Path) -> None:
    root = _project(tmp_path, "import time\ntime.sleep(600)")
    document, before = params.defaults(), _children()
    with suppress(KeyboardInterrupt), speed.measuring(root, document):
        (process,) = [each for each in _children() if each not in before]
        assert process.cmdline()[0] == sys.executable
        with speed.measuring(root, document):  # the flow asks again: it is the same
            assert [each for each in _children() if each not in before] == [process]
        raise KeyboardInterrupt
    assert not process.is_running()


def test_with_nothing_to_do_nothing_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(speed, "measuring", refuse)
    found = ahead.planned(
        tmp_path,
        STAGES,
        ["a", "b", "c", "d"],
        slots=2,
        document=params.defaults(),
        scratch=tmp_path,
    )
    assert found == ({}, "Nothing to do.")
