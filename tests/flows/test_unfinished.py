"""Why a stage of a failed run has no result, and a page of it that cannot be made."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows import unfinished
from flows.adapter import Stage
from tests.harness import ROOT


def _stage(name: str, *upstream: str) -> Stage:
    return Stage(name, upstream, (), 1, 60, 0)


STAGES = [
    _stage("fetch"),
    _stage("train", "fetch"),
    _stage("lime", "train"),
    _stage("gradcam", "train"),
    _stage("faithfulness", "lime", "gradcam"),
    _stage("data"),
    _stage("report", "faithfulness", "data"),
]


def test_what_failed_is_named_to_those_that_wait_for_it() -> None:
    failed = {"gradcam": "stage gradcam: it broke\n  a line of its log", "data": "stage data: "}
    assert unfinished.why_missing(STAGES, failed) == {
        "gradcam": "failed: it broke",
        "faithfulness": "not run: it needs gradcam, which failed",
        "data": "failed: ",
        "report": "not run: it needs gradcam, which failed",
    }


def test_a_run_that_has_finished_nothing_to_be_shown_has_no_page() -> None:
    assert not unfinished.has_something(ROOT, [])
    assert not unfinished.has_something(ROOT, ["inputs", "fetch", "retrain@0"])
    assert unfinished.has_something(ROOT, ["inputs", "fetch", "prepare"])


def test_the_page_is_told_without_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> None:
        asked.append(command)

    monkeypatch.setattr(subprocess, "run", run)
    secret = "cannot read https://me:secret@host/x"
    unfinished.leave_page(tmp_path, tmp_path, secret, {"fetch": secret})
    ((python, *module, told),) = asked
    assert python == sys.executable
    assert module == ["-m", "tasks.report.unfinished"]
    given = json.loads(Path(told).read_text())
    assert "secret" not in json.dumps(given)
    assert set(given) == {"failure", "missing"}


def test_a_page_that_cannot_be_made_is_no_failure_of_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for failure in ("it broke", "cannot read \udcff.png"):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            unfinished.leave_page(tmp_path, tmp_path, failure, {})  # no tasks there
        assert "there is no page of what was finished: " in caplog.text
    assert not (tmp_path / "reports").exists()
