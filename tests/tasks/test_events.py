"""The bar that a stage draws when nobody listens."""

import io

import pytest

from tasks.shared import events
from tasks.shared.events import Events


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def _screen(monkeypatch: pytest.MonkeyPatch) -> _Screen:
    """A terminal in place of stderr; no fixture, because pytest puts its own there after those."""
    screen = _Screen()
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def test_bar_tells_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _screen(monkeypatch)
    now = [100.0]
    monkeypatch.setattr(events.time, "monotonic", lambda: now[0])
    voice = Events("train", None)
    voice.progress(2_000, 12_000, "images")  # where a resumed training begins: not its speed
    assert "/s" not in screen.getvalue()
    now[0] += 10
    voice.progress(4_000, 12_000, "images")
    line = screen.getvalue().rpartition("\r")[2]
    assert line.startswith("train        [########                ] 4,000/12,000 images")
    assert line.rstrip().endswith(", 200/s, 0:40 left")
    now[0] += 0.1
    voice.progress(4_010, 12_000, "images")  # too soon: nothing new is drawn
    assert screen.getvalue().rpartition("\r")[2] == line


def test_a_shorter_line_covers_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _screen(monkeypatch)
    voice = Events("train", None)
    voice.progress(5, 5, "steps")
    assert screen.getvalue().endswith("\n")
    assert len(screen.getvalue()) >= 79
