"""The run in the terminal: bars where there is a screen, lines where there is a log.

Colours are left to rich, which knows NO_COLOR; lines have none.
"""

import sys
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from flows.forecast import words
from flows.pace import Pace
from flows.standing import Standing
from flows.watch import Event

_TELL_INTERVAL_S = 20.0  # where there is no screen, a line now and then shows that it goes on
_MARKS = {"ran": "done", "restored": "restored from the run cache", "cached": "unchanged"}


class _Speed(ProgressColumn):
    """How many units a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        """As ``1,234/s``; nothing while it is not known."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed and speed >= 1 else "", style="progress.data.speed")


class _Left(TimeRemainingColumn):
    """The time that is left: of a stage at its pace, of the run as it was told."""

    def render(self, task: Task) -> Text:
        """As ``0:01:30``, or ``about 45 s left``."""
        told = task.fields.get("left")
        return super().render(task) if told is None else Text(told, style="progress.remaining")


class Terminal:
    """A listener that draws."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._lock = threading.Lock()
        self._bars: dict[str, TaskID] = {}
        self._paces: dict[str, Pace] = {}
        self._said: set[str] = set()
        self._told_s = time.monotonic()
        self._standing: Standing | None = None
        self._whole: TaskID | None = None  # the bar of the run
        self._progress = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            _Speed(),
            TimeElapsedColumn(),
            _Left(),
            console=self._console,
            transient=True,
            disable=not sys.stderr.isatty() or self._console.is_dumb_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def stage_started(self, stage: str) -> None:
        """Nothing yet: most stages of a second run are unchanged within a moment."""

    def stage_said(self, stage: str, event: Event) -> None:
        """Move the bar; print a warning or a note once."""
        with self._lock:
            if event["kind"] == "progress":
                if stage not in self._bars:
                    self._bars[stage] = self._progress.add_task(stage, total=None, unit="")
                self._progress.update(
                    self._bars[stage],
                    total=event["total"],
                    completed=event["done"],
                    unit=event["unit"],
                )
                pace = self._paces.setdefault(stage, Pace())
                pace.note(event, time.monotonic())
                if self._progress.disable and time.monotonic() - self._told_s > _TELL_INTERVAL_S:
                    self._told_s = time.monotonic()
                    self._print(stage, self._how_far(event, pace))
            elif event["kind"] in ("warning", "note") and event["text"] not in self._said:
                self._said.add(event["text"])
                is_warning = event["kind"] == "warning"
                self._print(stage, f"warning: {event['text']}" if is_warning else event["text"])

    def stage_ended(self, stage: str, outcome: str, seconds: float, left: str = "") -> None:
        """One line that stays."""
        with self._lock:
            bar = self._bars.pop(stage, None)
            self._paces.pop(stage, None)
            if bar is not None:
                self._progress.remove_task(bar)
            if outcome != "skipped":
                ended = f"{_MARKS.get(outcome, outcome)}, {seconds:.1f} s"
                self._print(stage, f"{ended}; {left}" if left else ended)

    def _how_far(self, event: Event, pace: Pace) -> str:
        told = f"{event['done']}/{event['total']} {event['unit']}"
        rest = pace.left(time.monotonic())
        told = told if rest is None else f"{told}, {words(rest)} left"
        return told if self._standing is None else f"{told}; in all {self._standing}"

    def run_stands(self, standing: Standing) -> None:
        """Move the bar of the run, which is above those of its stages."""
        with self._lock:
            self._standing = standing
            if self._whole is None:
                self._whole = self._progress.add_task("all", total=standing.total, unit="stages")
            self._progress.update(
                self._whole, completed=standing.done, total=standing.total, left=standing.left
            )

    def run_said(self, text: str) -> None:
        """The sentence, as a line that stays."""
        self._say(text)

    def _print(self, stage: str, text: str) -> None:
        self._say(f"{stage:<14}{text}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
