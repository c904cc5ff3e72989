"""What the terminal shows while a stage is at work."""

import contextlib
import io
import os
import pty
import re
import sys
import threading
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.progress import Progress

from flows import terminal
from flows.standing import Standing
from flows.terminal import Terminal, _Speed


def test_speed_is_that_of_the_task() -> None:
    now = [0.0]
    progress = Progress(_Speed(), console=Console(file=io.StringIO()), get_time=lambda: now[0])
    progress.add_task("train", total=12_000)
    (task,) = progress.tasks
    assert _Speed().render(task).plain == ""
    for _ in range(4):
        now[0] += 1
        progress.advance(task.id, 1_500)
    assert _Speed().render(task).plain == "1,500/s"


class _Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


def test_a_log_says_what_is_left_of_a_stage_and_of_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = _Clock()
    monkeypatch.setattr(terminal, "time", clock)

    def said(done: int) -> None:
        lines.stage_said("train", {"kind": "progress", "done": done, "total": 80, "unit": "steps"})
        clock.now_s += 30  # each is a line of its own

    with Terminal() as lines:
        lines.run_said("About 2 min on this machine (2 cores); 4 stages.")
        clock.now_s += 30
        for done in (0, 20):
            said(done)
        lines.run_stands(Standing(2, 4, 105.0))
        said(40)
        lines.run_stands(Standing(2, 4, None))
        said(60)
        lines.stage_ended("train", "ran", 120.0, str(Standing(3, 4, 45.0)))
        lines.stage_ended("report", "cached", 0.0)
    assert capsys.readouterr().err.splitlines() == [
        "About 2 min on this machine (2 cores); 4 stages.",
        "train         0/80 steps",
        "train         20/80 steps, about 1 min 30 s left",
        "train         40/80 steps, about 1 min left; in all 2 of 4 stages, about 1 min 40 s left",
        "train         60/80 steps, about 30 s left; in all 2 of 4 stages, time left not known yet",
        "train         done, 120.0 s; 3 of 4 stages, about 45 s left",
        "report        unchanged, 0.0 s",
    ]


def _drawn(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """What a run of two stages writes to a screen of 100 columns, control characters and all."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "100", **environment}.items():
        monkeypatch.setenv(name, value)
    reader, writer = pty.openpty()
    written: list[bytes] = []
    watching = threading.Thread(target=lambda: written.extend(_until_closed(reader)))
    watching.start()
    with os.fdopen(writer, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        with Terminal() as lines:
            lines.run_stands(Standing(1, 2, 45.0))
            lines.stage_said("train", {"kind": "progress", "done": 3, "total": 8, "unit": "steps"})
            lines._progress.refresh()
            lines.stage_ended("train", "ran", 12.0, str(Standing(2, 2, 0.0)))
    watching.join()
    os.close(reader)
    return b"".join(written).decode()


def _until_closed(reader: int) -> Iterator[bytes]:
    """All that is written to a screen: one read may give a part of it only."""
    with contextlib.suppress(OSError):  # what Linux answers once nobody writes any more
        while some := os.read(reader, 100_000):
            yield some


COLOUR = re.compile(r"\x1b\[[\d;]*3[0-8](;[\d;]*)?m")


def test_a_screen_has_a_bar_for_the_run_above_those_of_its_stages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = _drawn(monkeypatch)
    plain = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", written)
    assert re.search(r"all +\S* *1/2 *stages.*about 45 s left", plain)
    assert plain.index("1/2") < plain.index("3/8")
    assert "train         done, 12.0 s; 2 of 2 stages\r\n" in plain
    assert COLOUR.search(written)
    assert "\x1b[?25h" in written.rpartition("\x1b[?25l")[2]  # the cursor is there again


def test_without_colours_the_bars_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    written = _drawn(monkeypatch, NO_COLOR="1")
    assert "about 45 s left" in written
    assert not COLOUR.search(written)


def test_a_screen_that_cannot_draw_has_lines_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    written = _drawn(monkeypatch, TERM="dumb")
    assert written == "train         done, 12.0 s; 2 of 2 stages\r\n"


def test_a_log_has_no_control_characters_though_colours_are_forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as many a CI does
    with Terminal() as lines:
        lines.run_stands(Standing(1, 2, 45.0))
        lines.stage_ended("train", "ran", 12.0, str(Standing(2, 2, 0.0)))
    assert capsys.readouterr().err == "train         done, 12.0 s; 2 of 2 stages\n"
