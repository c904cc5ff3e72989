"""A run as Prefect's pages show it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema

from flows import params, prefect_desk, settings
from flows.pipeline import pipeline
from flows.record import Record
from tests.flows import recorded
from tests.harness import flows


def test_the_form_describes_and_offers() -> None:
    fields: dict[str, Any] = parameter_schema(pipeline).properties
    assert set(fields) == {"profile", "overrides"}
    assert fields["profile"]["enum"] == [None, *params.profiles(settings.ROOT)]
    assert {"default", "smoke"} <= set(fields["profile"]["enum"])
    assert all(len(field["description"]) > 40 for field in fields.values())
    assert all(field["default"] is None for field in fields.values())


def _rows(project: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project / ".prefect" / "prefect.db")) as database:
        return database.execute(query).fetchall()


def test_a_run_has_mlflow_s_name_tags_and_the_verdict(two_stages: Path) -> None:
    recorded.verdict(two_stages, "yes")
    done = flows(two_stages, "run")
    assert done.returncode == 0, done.stderr
    ((parent,), _) = recorded.runs_of(recorded.client_of(two_stages))
    ((name, tags, state, message),) = _rows(
        two_stages,
        "select r.name, r.tags, r.state_type, s.message from flow_run r"
        " join flow_run_state s on s.id = r.state_id",
    )
    assert name == parent.info.run_name
    commit = parent.data.tags["mlflow.source.git.commit"]
    assert json.loads(tags) == ["profile: smoke", f"commit: {commit[:7]}", "verdict: yes"]
    assert (state, message) == ("COMPLETED", recorded.HEADLINE)
    ((text,),) = _rows(two_stages, "select data from artifact where key = 'summary'")
    shown = json.loads(text)
    assert shown.startswith(f"**{recorded.HEADLINE}**\n\n- It works.\n\n- nothing\n")
    assert "| prepare | ran |" in shown


@pytest.mark.parametrize("holder", [None, "def"])
def test_what_a_server_shows_is_a_link(
    holder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = recorded.results(recorded.project(tmp_path))
    monkeypatch.chdir(root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:5000/")
    record = Record(root, "20260101T000000", ["prepare"])
    assert record.link() == record.page_link() == ""  # MLflow does not know it yet
    tags = {"ganatomy.page_in": holder} if holder else {}
    run = SimpleNamespace(data=SimpleNamespace(tags=tags))
    record._entry.run_id, record._experiment = "abc", "1"
    record._client, record._last.recorded = SimpleNamespace(get_run=lambda _: run), True
    at = "http://127.0.0.1:5000/#/experiments/1/runs"
    shown = prefect_desk._summary(root, record, {"prepare": "ran"})
    page = f"{at}/{holder or 'abc'}/artifacts/report.html?workflowType=machine_learning"
    assert f"- page: [report.html]({page})\n" in shown
    assert f"- MLflow: [20260101T000000]({at}/abc?workflowType=machine_learning)\n" in shown
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    shown = prefect_desk._summary(root, record, {"prepare": "ran"})
    assert f"- page: `{root / 'reports' / 'report.html'}`\n" in shown
    assert "](" not in shown
