"""What a plan says of times: those of runs here, and by forecast where there was none."""

from pathlib import Path

import pytest

from flows import adapter, ahead, plan
from flows.forecast import Measured
from flows.plan import Plan
from flows.stages import Stage, Staleness, in_order, known_meta
from ganatomy.files import write_json

STAGES = [Stage("train", (), (), 1, 60, 0), Stage("lime", ("train",), (), 1, 60, 0)]
FOUND = [Staleness("inputs"), Staleness("train", ["modified a"]), Staleness("lime", [], ["train"])]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(adapter, "stale", lambda *_: FOUND)
    monkeypatch.setattr(adapter, "graph", lambda *_: STAGES)
    monkeypatch.setattr(plan.params, "told_document", dict)
    seconds = {"train": 134.4, "lime": 19.6}
    monkeypatch.setattr(ahead, "planned", lambda *_, **__: (seconds, "About 3 min."))
    return Plan(["train.epochs: 60 -> 61"], {}, tmp_path)


def test_a_stage_that_no_run_has_measured_is_marked(told: Plan, tmp_path: Path) -> None:
    kept = {"train": Measured(130, 7500, 0.0165, 0.0155).to_json()}
    write_json(tmp_path / ".ganatomy" / "work.json", kept)
    assert list(plan.lines(tmp_path, told)) == [
        "params.yaml: train.epochs: 60 -> 61",
        "inputs        unchanged",
        "train         would run    2:14  modified a",
        "lime          may run     ~0:20  after train",
        "min:s as measured here last, for as much work as is asked for now; ~ by forecast alone",
        "About 3 min.",
    ]


def test_where_nothing_would_run_there_are_no_times(
    told: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "stale", lambda *_: FOUND[:1])
    monkeypatch.setattr(ahead, "planned", lambda *_, **__: ({}, "Nothing to do."))
    assert list(plan.lines(tmp_path, told))[1:] == ["inputs        unchanged", "Nothing to do."]


def test_stages_come_after_what_they_need_and_else_as_they_were_given() -> None:
    def stage(name: str, *upstream: str) -> Stage:
        return Stage(name, upstream, (), **known_meta({}))

    given = [stage("report", "lime", "train"), stage("b"), stage("lime", "train"), stage("train")]
    assert [each.name for each in in_order(given)] == ["b", "train", "lime", "report"]
