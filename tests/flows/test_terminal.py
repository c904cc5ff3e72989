"""What the terminal shows while a stage is at work."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from flows import terminal
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
        for done in (0, 20, 40):
            said(done)
        lines.stage_ended("train", "ran", 120.0, "about 45 s left")
        lines.stage_ended("report", "cached", 0.0)
    assert capsys.readouterr().err.splitlines() == [
        "About 2 min on this machine (2 cores); 4 stages.",
        "train         0/80 steps",
        "train         20/80 steps, about 1 min 30 s left",
        "train         40/80 steps, about 1 min left",
        "train         done, 120.0 s; about 45 s left",
        "report        unchanged, 0.0 s",
    ]
