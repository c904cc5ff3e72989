"""The page of a run that goes on: when it is made, how, and what becomes of it."""

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows import early, unfinished
from flows.early import EarlyPage
from flows.stages import Stage
from flows.standing import Standing
from tests.harness import ROOT, wait_for

STAGES = [Stage(name, (), (), 1, 60, 0) for name in ("fetch", "prepare", "train", "report")]
LONG = Standing(2, 4, 300.0)
LIMIT_S = 60
WRITES = """
import os, sys, json
from pathlib import Path
told = json.loads(Path(sys.argv[1]).read_text())
told["nice"] = os.nice(0)
page = Path("reports/unfinished/report.html")
page.parent.mkdir(parents=True, exist_ok=True)
page.write_text(json.dumps(told))
print(0.25)
"""
FAILS = "import sys; sys.exit('ValueError: no torch here')"
LINGERS = WRITES.replace("print(0.25)", "import time; time.sleep(600)")
HANGS = "import time; open('hangs', 'w').close(); time.sleep(600)"


class _Run:
    """An early page with a maker of the test's own."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
        self.root, self.page = root, root / unfinished.PAGE_FILE
        self.said: list[str] = []
        (root / "ganatomy" / "report").mkdir(parents=True)
        (root / unfinished._SECTIONS).symlink_to(ROOT / unfinished._SECTIONS)
        monkeypatch.setattr(early, "_POLL_S", 0.01)
        ask = unfinished.asked

        def asked(run_dir: Path, told: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
            (*_, file), environment = ask(run_dir, told)
            return [sys.executable, "-c", program, file], environment

        monkeypatch.setattr(unfinished, "asked", asked)
        self.early = EarlyPage(root, root, STAGES, tell=self.said.append)

    def go(self, standing: Standing = LONG) -> None:
        """`prepare` has ended, `train` is at work."""
        self.early.run_stands(standing)
        for name in ("fetch", "prepare"):
            self.early.stage_started(name)
            self.early.stage_ended(name, "ran", 1.0)
        self.early.stage_started("train")

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.page.read_text())
        return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], _Run]:
    return lambda program: _Run(tmp_path, monkeypatch, program)


def test_once_there_is_something_to_be_seen_it_is_made_told_and_made_anew(
    run: Callable[[str], _Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early, "_INTERVAL_S", 0.0)
    monkeypatch.setattr(early, "_PAUSE", 0.0)
    made = run(WRITES)
    with made.early:
        made.go()
        wait_for(lambda: bool(made.said), LIMIT_S, "a page")
        told = made.told()
        assert told["going_on"]["stands"] == "2 of 4 stages, about 5 min left"
        assert told["going_on"]["done"] == ["fetch", "prepare"]
        assert told["going_on"]["at_work"] == ["train"]
        assert told["going_on"]["to_come"] == ["report"]
        assert told["missing"] == {"train": "at work", "report": "yet to come"}
        assert told["run_dir"] == str(made.root)
        assert told["nice"] == min(19, os.nice(0) + 5)  # below whatever the stages have
        made.early.run_stands(Standing(2, 4, 200.0))
        made.early.stage_said("train", {"kind": "progress", "done": 1, "total": 2, "unit": "steps"})
        made.early.stage_said("train", {"kind": "image", "key": "samples", "step": 3, "path": "x"})
        newer = "2 of 4 stages, about 3 min 20 s left"
        wait_for(lambda: made.told()["going_on"]["stands"] == newer, LIMIT_S, "a newer page")
        assert made.told()["nice"] == min(19, os.nice(0) + 10)
    assert made.said == [f"watch:   page so far: {made.page}   (reload it to see more)"]
    assert 'href="../report.html"' in made.page.read_text()  # whoever reloads it is led on
    assert (made.page.parent / "../report.html").resolve() == made.root / "reports" / "report.html"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_does_not_end_well_leaves_no_page_that_says_it_goes_on(
    run: Callable[[str], _Run], error: type[BaseException]
) -> None:
    made = run(WRITES)

    def end_badly() -> None:
        with made.early:
            made.go()
            wait_for(lambda: bool(made.said), LIMIT_S, "a page")
            raise error

    with pytest.raises(error):
        end_badly()
    assert not made.page.exists()


@pytest.mark.parametrize("error", [None, RuntimeError])
def test_a_page_that_was_written_in_the_last_moment_does_not_stay(
    run: Callable[[str], _Run], error: type[BaseException] | None
) -> None:
    made = run(LINGERS)
    made.early.__enter__()
    made.go()
    wait_for(made.page.exists, LIMIT_S, "a page")
    assert made.said == []
    made.early.__exit__(error, None, None)
    assert made.page.exists() == (error is None)
    assert error is not None or 'href="../report.html"' in made.page.read_text()


def test_where_none_was_made_nobody_is_led_on(run: Callable[[str], _Run]) -> None:
    made = run(WRITES)
    with made.early:
        pass
    assert not (made.root / "reports").exists()


def test_that_it_cannot_be_made_is_said_once_and_not_tried_again(
    run: Callable[[str], _Run], caplog: pytest.LogCaptureFixture
) -> None:
    made = run(FAILS)
    with caplog.at_level(logging.WARNING), made.early:
        made.go()
        made.early._thread.join(LIMIT_S)
        assert not made.early._thread.is_alive()
    (line,) = caplog.messages
    assert line == "there is no page of what is finished so far: ValueError: no torch here"
    assert made.said == []


def test_the_end_of_the_run_ends_the_process_that_makes_it(
    run: Callable[[str], _Run], caplog: pytest.LogCaptureFixture
) -> None:
    before = psutil.Process().children(recursive=True)
    made = run(HANGS)
    with made.early:
        made.go()
        wait_for((made.root / "hangs").exists, LIMIT_S, "a process at work")
        assert [each for each in psutil.Process().children(recursive=True) if each not in before]
    assert psutil.Process().children(recursive=True) == before
    assert caplog.messages == []


class _Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


def test_it_is_made_where_there_is_long_enough_to_go(
    run: Callable[[str], _Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock()
    monkeypatch.setattr(early, "time", clock)
    made = run(WRITES)
    made.early.stage_ended("fetch", "ran", 1.0)  # has no section
    made.early.run_stands(LONG)
    assert not made.early._is_time()
    made.go(Standing(2, 4, 59.0))
    assert not made.early._is_time()
    made.early.run_stands(Standing(2, 4, 60.0))
    assert made.early._is_time()
    made.early.run_stands(Standing(2, 4, None))
    assert not made.early._is_time()  # it may be over in a moment
    clock.now_s += 60
    assert made.early._is_time()
    made.early._next_s = clock.now_s + 1  # one was made just now
    assert not made.early._is_time()
