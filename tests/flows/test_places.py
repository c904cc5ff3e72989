"""Where a run says that it can be watched, and the verdict that it ends with."""

import json
from pathlib import Path

import pytest

from flows import places, verdict

LINES = ["It works: ...", "2 classes are missing", "three", "four", "five"]


def _verdict(*lines: str) -> str:
    return json.dumps({"outcome": "yes", "headline": lines[0], "lines": lines, "clauses": []})


def _told(root: Path, content: str) -> list[str]:
    path = root / verdict.VERDICT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return places.verdict_lines(root)


def test_the_verdict_is_what_the_page_stage_wrote_in_five_lines(tmp_path: Path) -> None:
    assert places.verdict_lines(tmp_path) == []  # an old run's
    assert _told(tmp_path, _verdict(*LINES)) == LINES
    assert _told(tmp_path, _verdict(*LINES, "six")) == LINES


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"lines": ["alone"]}'])
def test_a_verdict_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    assert _told(tmp_path, content) == []


def test_a_name_in_it_cannot_move_the_cursor(tmp_path: Path) -> None:
    told = _told(tmp_path, _verdict("class a\x1b[2J\nb is missing"))
    assert told == ["class a[U+001B][2J[U+000A]b is missing"]


def test_what_is_said_of_servers_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    assert places.where_to_watch(None) == [
        "watch:   MLflow: make ui   (in another terminal)",
        "watch:   Prefect: make up   (in another terminal)",
    ]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host/mlflow")
    told = places.where_to_watch("http://me:secret@there:4200/runs/flow-run/1")
    assert told == [
        "watch:   MLflow: https://me:***@host/mlflow",
        "watch:   Prefect: http://me:***@there:4200/runs/flow-run/1",
    ]
