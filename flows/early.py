"""The page of a run that is still going on: what is finished so far, made anew now and then.

It is made beside the stages by a process of low priority, one at a time, at most a few percent of
the run's time. That it cannot be made is a line in the log.
"""

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flows import processes, unfinished
from flows.stages import Stage
from flows.standing import Standing
from flows.watch import Event

_WORTH_S = 60.0  # a run that takes no longer from here has its whole page soon enough
_INTERVAL_S = 20.0
_PAUSE = 20.0  # times the processor time that a page took: so much it may cost, and no more
_LIMIT_S = 300.0
_POLL_S = 0.5
# niceness: while stages want every core, the first page gets a quarter of one, the others a tenth
_FIRST, _LATER = "5", "10"
_ENDED_WELL = ("ran", "restored", "cached")
logger = logging.getLogger("ganatomy.page")


class EarlyPage:
    """A listener that has pages made; a context with whose end no page says that the run goes on.

    Parameters
    ----------
    root, run_dir : Path
    stages : sequence of Stage
        Each after those that it waits for.
    tell : callable
        Is handed a sentence once there is a first page.
    """

    def __init__(
        self, root: Path, run_dir: Path, stages: Sequence[Stage], *, tell: Callable[[str], None]
    ) -> None:
        self._root, self._run_dir, self._tell = root, run_dir, tell
        self._names = [stage.name for stage in stages]
        self._done: set[str] = set()
        self._at_work: set[str] = set()
        self._standing: Standing | None = None
        self._has_news = self._has_page = False
        self._began_s = time.monotonic()
        self._next_s = 0.0
        self._process: subprocess.Popen[str] | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._go_on, name="early-page", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the page away; lead its readers on where the run went well."""
        self.end()
        if kind is None and self._has_page:
            unfinished.lead_on(self._root)

    def end(self) -> None:
        """Have no more pages made, and take away the one that says that the run goes on."""
        if self._over.is_set():
            return
        self._over.set()
        with self._lock:
            if self._process is not None:
                self._process.kill()
        self._thread.join()
        if self._process is not None:  # it may have written its page and not yet said so
            self._has_page = (self._root / unfinished.PAGE_FILE).exists()
        if self._has_page:
            unfinished.remove_page(self._root)

    def stage_started(self, stage: str) -> None:
        """Note it."""
        with self._lock:
            self._at_work.add(stage)

    def stage_said(self, stage: str, event: Event) -> None:
        """A picture is news."""
        if event["kind"] == "image":
            self._has_news = True

    def stage_ended(self, stage: str, outcome: str, seconds: float, left: str = "") -> None:
        """A result that has a section is news."""
        with self._lock:
            self._at_work.discard(stage)
            if outcome in _ENDED_WELL:
                self._done.add(stage)
                self._has_news |= unfinished.has_something(self._root, [stage])

    def run_stands(self, standing: Standing) -> None:
        """Note it."""
        self._standing = standing

    def run_said(self, text: str) -> None:
        """Nothing: the page has sentences of its own."""

    def _go_on(self) -> None:
        while not self._over.wait(_POLL_S):
            if not self._is_time():
                continue
            try:
                cost_s = self._make()
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                if not self._over.is_set():
                    logger.warning("there is no page of what is finished so far: %s", error)
                return
            self._next_s = time.monotonic() + max(_INTERVAL_S, _PAUSE * cost_s)
            is_first, self._has_page = not self._has_page, True
            if is_first:
                page = self._root / unfinished.PAGE_FILE
                self._tell(f"watch:   page so far: {page}   (reload it to see more)")

    def _is_time(self) -> bool:
        """Whether there is something new, and long enough to go for it to be looked at."""
        now, standing = time.monotonic(), self._standing
        with self._lock:
            has_something = unfinished.has_something(self._root, list(self._done))
        if not (self._has_news and has_something and now >= self._next_s):
            return False
        if standing is None or standing.left_s is None:
            return now - self._began_s >= _WORTH_S
        return standing.left_s >= _WORTH_S

    def _make(self) -> float:
        """Have a page made; returns the seconds of processor time that it took."""
        with self._lock:
            if self._over.is_set() or processes.stopping.is_set():
                raise ValueError("the run ends")
            self._has_news = False
            command, environment = unfinished.asked(self._run_dir, self._told())
            low = shutil.which("nice")
            self._process = subprocess.Popen(
                [low, "-n", _LATER if self._has_page else _FIRST, *command] if low else command,
                cwd=self._root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        try:
            said, why = self._process.communicate(timeout=_LIMIT_S)
        finally:
            self._process.kill()
            self._process.wait()
        if self._process.returncode != 0:
            raise ValueError(" ".join(why.split()[-40:]) or f"exit code {self._process.returncode}")
        return float(said)

    def _told(self) -> dict[str, Any]:
        """What the page is to say of the run, and why stages have no section."""
        left_s = self._standing.left_s if self._standing is not None else None
        at_work = [name for name in self._names if name in self._at_work]
        to_come = [name for name in self._names if name not in self._at_work | self._done]
        return {
            "going_on": {
                "at": time.strftime("%Y-%m-%d %H:%M:%S"),
                "stands": str(Standing(len(self._done), len(self._names), left_s)),
                "done": [name for name in self._names if name in self._done],
                "at_work": at_work,
                "to_come": to_come,
            },
            "run_dir": str(self._run_dir),
            "missing": dict.fromkeys(at_work, "at work") | dict.fromkeys(to_come, "yet to come"),
        }
