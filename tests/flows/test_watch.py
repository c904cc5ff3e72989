"""Lines of a growing file are delivered once, whole, and in order."""

import json
from pathlib import Path

import pytest

from flows.watch import StageTail, Tail
from tasks.shared.events import Events, events_path, log_path


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_nothing_while_there_is_no_file(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "log")
    assert list(tail.lines()) == []
    _append(tmp_path / "log", b"one\n")
    assert list(tail.lines()) == ["one"]


def test_half_a_line_waits_for_the_rest(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "log")
    _append(tmp_path / "log", b"one\ntw")
    assert list(tail.lines()) == ["one"]
    assert list(tail.lines()) == []
    _append(tmp_path / "log", b"o")
    assert list(tail.lines()) == []
    _append(tmp_path / "log", b"\nthree\n")
    assert list(tail.lines()) == ["two", "three"]
    assert list(tail.lines()) == []


def test_half_a_letter_waits_too(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "log")
    content = "Fréchet\n".encode()
    for position in range(len(content)):
        assert list(tail.lines()) == []
        _append(tmp_path / "log", content[position : position + 1])
    assert list(tail.lines()) == ["Fréchet"]


@pytest.mark.parametrize("step", [1, 3, 7, 1000])
def test_every_line_is_delivered_once(step: int, tmp_path: Path) -> None:
    tail = Tail(tmp_path / "log")
    expected = [f"line {k}" for k in range(50)]
    content = "".join(f"{line}\n" for line in expected).encode()
    found = []
    for start in range(0, len(content), step):
        _append(tmp_path / "log", content[start : start + step])
        found += list(tail.lines())
    assert found == expected


def test_bytes_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "log")
    _append(tmp_path / "log", b"bad \xff\xfe\ngood\n")
    lines = list(tail.lines())
    assert len(lines) == 2
    assert lines[0].startswith("bad ")
    assert lines[1] == "good"


def test_what_a_stage_says_is_heard(tmp_path: Path) -> None:
    tail = StageTail(tmp_path / "run", "train")
    assert tail.events() == []
    assert tail.log() == []
    events = Events("train", tmp_path / "run")
    events.metric("train/d_loss", 3, 0.25)
    events.warning("odd: Fréchet \u2028 \x85 line\nbreak")
    first = tail.events()
    assert [event["kind"] for event in first] == ["metric", "warning"]
    assert (first[0]["name"], first[0]["step"], first[0]["value"]) == ("train/d_loss", 3, 0.25)
    assert first[1]["text"] == "odd: Fréchet \u2028 \x85 line\nbreak"
    events.progress(5, 5, "steps")
    assert [event["done"] for event in tail.events()] == [5]
    assert tail.events() == []
    _append(log_path(tmp_path / "run", "train"), b"hello\n")
    assert tail.log() == ["hello"]


def test_half_an_event_waits(tmp_path: Path) -> None:
    tail = StageTail(tmp_path, "train")
    line = json.dumps({"kind": "warning", "text": "x"}).encode() + b"\n"
    _append(events_path(tmp_path, "train"), line + line[:9])
    assert len(tail.events()) == 1
    _append(events_path(tmp_path, "train"), line[9:])
    assert tail.events() == [{"kind": "warning", "text": "x"}]


def test_stages_do_not_hear_each_other(tmp_path: Path) -> None:
    Events("retrain@0", tmp_path).warning("zero")
    Events("retrain@1", tmp_path).warning("one")
    heard = StageTail(tmp_path, "retrain@1").events()
    assert [event["text"] for event in heard] == ["one"]


def test_a_retry_goes_on_where_the_first_try_stopped(tmp_path: Path) -> None:
    tail = StageTail(tmp_path, "fetch")
    Events("fetch", tmp_path).warning("first")
    assert len(tail.events()) == 1
    Events("fetch", tmp_path).warning("second")
    assert [event["text"] for event in tail.events()] == ["second"]


def test_an_event_that_was_cut_off_says_nothing(tmp_path: Path) -> None:
    path = events_path(tmp_path, "train")
    path.write_text('{"kind": "warn\n{"kind": "warning", "text": "disk"}\n')
    assert [event["text"] for event in StageTail(tmp_path, "train").events()] == ["disk"]
