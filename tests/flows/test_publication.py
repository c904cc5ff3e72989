"""A publication that is cut off, at whatever moment, and done again: everything is there once."""

import re
import shutil
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from PIL import Image

from flows import mlflow_names, pictures, publish, registry
from flows.entry import RunEntry
from ganatomy.data.images import write_png
from ganatomy.marking import GENERATED
from tasks.shared.pictures import Place
from tests.flows import recorded
from tests.flows.recorded import client_of, results, rows, run_entry, runs_of
from tests.marks import source_in


class Killed(BaseException):
    """As a kill: no handler of the code's own gets in its way."""


class Mortal:
    """A client that dies at its n-th call: to those who come later, just after the one before."""

    def __init__(self, client: MlflowClient, dies_at: int) -> None:
        self._client = client
        self._left = dies_at
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            self._left -= 1
            if self._left == 0:
                raise Killed
            return method(*arguments, **named)

        return call


@pytest.fixture
def root(tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with results, a store, and models that are quick to make."""

    def save_model(path: str, **_: Any) -> None:
        Path(path).mkdir()
        (Path(path) / "MLmodel").write_text("flavors: {}\n")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry.mlflow.pyfunc, "save_model", save_model)
    recorded.empty_store(made_store, tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_tracking_uri(None)
    return results(tmp_path)


def _publish(root: Path, dies_at: int = 0, entry: RunEntry | None = None) -> list[str]:
    """As a later process does, which knows what is on disk only; returns the calls made."""
    client, experiment, _ = publish.connect()
    mortal: Any = Mortal(client, dies_at)
    try:
        publish.reconcile(mortal, experiment, lambda owner: True)
        publish.publish(mortal, experiment, entry or run_entry(), root)
    except Killed:
        assert dies_at
    return list(mortal.calls)


def _content(root: Path) -> dict[str, Any]:
    """All that was recorded, but for ids and times of writing."""
    client = client_of(root)
    (parent,), nested = runs_of(client)
    points = (
        "select key, step, value, timestamp, count(*) from metrics group by 1, 2, 3, 4, run_uuid"
    )
    return {
        "parent": (parent.info.status, parent.info.end_time, parent.data.params),
        "tags": {k: v for k, v in parent.data.tags.items() if not k.startswith("mlflow.user")},
        "nested": sorted((run.data.tags["ganatomy.stage"], run.info.status) for run in nested),
        "points": sorted(rows(root, points)),
        "files": sorted(
            re.sub(r"timestamp\+\d+\+[0-9a-f-]{36}", "", found.path)
            for run in (parent, *nested)
            for folder in ("", "images", "models/generator")
            for found in client.list_artifacts(run.info.run_id, folder)
        ),
        "datasets": rows(root, "select name, digest from datasets"),
        "inputs": rows(root, "select count(*) from inputs"),
        "versions": rows(root, "select name, version from model_versions order by 1, 2"),
        "said": rows(root, "select name, key, value from model_version_tags order by 1, 2"),
        "aliases": rows(
            root, "select name, alias, version from registered_model_aliases order by 1"
        ),
    }


def _cut_off_everywhere(root: Path, made_store: Path, one_of_each: bool) -> None:
    recorded.verdict(root, "yes")
    _draw(root / "reports" / "report", "evaluate/samples")
    calls = _publish(root)
    whole = _content(root)
    assert whole["parent"][0] == "FINISHED"
    assert len(whole["aliases"]) == 2
    assert whole["nested"] == sorted((stage, "FINISHED") for stage in recorded.STAGES)
    assert len(whole["versions"]) == 2
    assert {count for *_, count in whole["points"]} == {1}
    assert len(calls) > 25
    for index, call in enumerate(calls):
        if one_of_each and call in calls[:index]:
            continue
        shutil.rmtree(root / "mlruns")
        recorded.empty_store(made_store, root)
        _publish(root, dies_at=index + 2)  # just after that call
        _publish(root)
        assert _content(root) == whole, (index, call)


@pytest.mark.timeout(300)
def test_exactly_one_run_whatever_call_was_the_last(root: Path, made_store: Path) -> None:
    _cut_off_everywhere(root, made_store, one_of_each=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_exactly_one_run_whatever_the_moment(root: Path, made_store: Path) -> None:
    _cut_off_everywhere(root, made_store, one_of_each=False)


def test_a_record_that_is_complete_stays_as_it_is(root: Path) -> None:
    _publish(root)
    whole = _content(root)
    _publish(root)
    assert _content(root) == whole


def _unchanged(name: str) -> RunEntry:
    """A later run that had nothing to do."""
    entry = run_entry(name)
    entry.started_ms = int(name) * 1_000
    for stage in entry.stages:
        stage.outcome, stage.started_ms = "cached", entry.started_ms
    return entry


def _pictures_in(client: MlflowClient, runs: list[Run]) -> set[str]:
    return {run.info.run_id for run in runs if client.list_artifacts(run.info.run_id, "images")}


def test_what_is_published_is_not_published_anew(root: Path) -> None:
    computed = _publish(root)
    client = client_of(root)
    (first,), originals = runs_of(client)
    bytes_before = _bytes_stored(root)
    calls = [_publish(root, entry=_unchanged(name)) for name in ("20260102", "20260103")]
    assert calls[0] == calls[1]
    assert len(calls[1]) <= len(computed)
    assert "log_artifacts" not in calls[1]  # neither pictures nor models
    assert _bytes_stored(root) == bytes_before
    _, nested = runs_of(client)
    assert _pictures_in(client, nested) == {run.info.run_id for run in originals}
    there = {run.data.tags["ganatomy.stage"]: run.info.run_id for run in originals}
    for run in nested[len(originals) :]:
        assert run.info.status == "FINISHED"
        assert run.data.tags["ganatomy.details_in"] == there[run.data.tags["ganatomy.stage"]]
        assert run.data.tags["ganatomy.computed_by"] == first.info.run_id
        assert run.data.metrics == {}  # curves are where they were published first
        assert "| b@9 | 0.5 | 0.25 to 1 |" in run.data.tags["mlflow.note.content"]
    for parent in runs_of(client)[0][1:]:
        assert parent.data.tags["ganatomy.page_in"] == first.info.run_id
        assert first.info.run_name in parent.data.tags["mlflow.note.content"]


def test_the_parent_tells_what_a_run_came_to(root: Path) -> None:
    recorded.verdict(root, "yes")
    _draw(root / "reports" / "report", "evaluate/samples")
    _publish(root)
    client = client_of(root)
    (parent,), _ = runs_of(client)
    assert parent.data.metrics == {"coverage": 0.75}
    tags = parent.data.tags
    assert (tags["verdict"], tags["published_step"]) == ("yes", "40")
    assert (tags["verdict.works"], tags["verdict.copies"]) == ("yes", "unknown")
    note = tags["mlflow.note.content"]
    assert note.startswith(f"**{recorded.HEADLINE}**\n\n- It works.\n\nfound\n")
    assert note.count(recorded.HEADLINE) == 1
    (picture,) = {name.partition("+timestamp")[0] for name in _names(client, parent.info.run_id)}
    assert picture == "samples+step+0"
    assert "report.html" in {file.path for file in client.list_artifacts(parent.info.run_id)}


def test_a_summary_that_tells_the_verdict_below_its_title_is_not_told_twice(root: Path) -> None:
    recorded.verdict(root, "yes")
    summary = f"# What this GAN learned\n\n**{recorded.HEADLINE}**\n\n- Works? Yes.\n"
    (root / "reports" / "report" / "summary.md").write_text(summary)
    _publish(root)
    (parent,), _ = runs_of(client_of(root))
    note = parent.data.tags["mlflow.note.content"]
    assert note.startswith(f"**{recorded.HEADLINE}**\n\n- Works? Yes.\n")
    assert note.count(recorded.HEADLINE) == 1


def test_what_was_not_measured_is_no_number(root: Path) -> None:
    values = '{"coverage": NaN, "fcd": null, "kid": "not measured", "recall": 0.5}'
    (root / "reports" / "report" / "summary.json").write_text(values)
    _publish(root)
    (parent,), _ = runs_of(client_of(root))
    assert parent.data.metrics == {"recall": 0.5}
    assert "verdict" not in parent.data.tags  # an old run has none


def test_each_number_of_a_stage_is_there_once(root: Path) -> None:
    _publish(root)
    client = client_of(root)
    _, nested = runs_of(client)
    by_stage = {run.data.tags["ganatomy.stage"]: run for run in nested}
    assert set(by_stage["train"].data.metrics) == {"train/d_loss"}
    assert by_stage["prepare"].data.metrics == {}
    table = by_stage["train"].data.tags["mlflow.note.content"].splitlines()
    assert table[2:] == ["| a | 1 |  |", "| b@9 | 0.5 | 0.25 to 1 |"]
    for run in nested:
        path = Path(client.download_artifacts(run.info.run_id, "metrics.json"))
        assert path.read_text().count('"b@9": 0.5') == 1


def test_only_what_a_verdict_speaks_for_may_be_challenger(root: Path) -> None:
    def aliases() -> dict[str, str]:
        found = rows(root, "select name, version from registered_model_aliases")
        return {str(name): str(version) for name, version in found}

    both = {"ganatomy-generator": "1", "ganatomy-discriminator": "1"}
    _publish(root)
    assert aliases() == {}  # nothing was said of it
    for outcome, profile, expected in (
        ("yes", "default", both),
        ("no", "default", {}),  # by other thresholds
        ("yes", "smoke", {}),
        ("yes", "smoke, 1 changed", {}),
        ("unknown", "default", {}),
        ("yes", "default, 2 changed", both),
    ):
        recorded.verdict(root, outcome)
        entry = run_entry()
        entry.tags["profile"] = profile
        _publish(root, entry=entry)
        assert aliases() == expected, (outcome, profile)
    versions = client_of(root).search_model_versions("name = 'ganatomy-generator'")
    assert [str(version.version) for version in versions] == ["1"]
    assert recorded.HEADLINE in versions[0].description
    assert f"runs/{versions[0].run_id}" in versions[0].description
    assert "shape (n, 5)" in versions[0].description
    assert versions[0].tags["verdict"] == "yes"


def _bytes_stored(root: Path) -> int:
    return sum(path.stat().st_size for path in (root / "mlruns").rglob("*") if path.is_file())


def test_what_is_no_longer_there_is_published_again(root: Path) -> None:
    _publish(root)
    client = client_of(root)
    (first,), originals = runs_of(client)
    _publish(root, entry=_unchanged("20260102"))
    for run in (first, *originals):
        client.delete_run(run.info.run_id)
    _publish(root, entry=_unchanged("20260103"))
    parents, nested = runs_of(client)
    last = [run for run in nested if run.data.tags["mlflow.parentRunId"] == parents[-1].info.run_id]
    assert len(last) == len(recorded.STAGES)
    assert _pictures_in(client, last) == {run.info.run_id for run in last}
    assert "report.html" in {file.path for file in client.list_artifacts(parents[-1].info.run_id)}
    assert "ganatomy.page_in" not in parents[-1].data.tags


def test_a_run_in_which_something_was_new_is_recorded_whole(root: Path) -> None:
    _publish(root)
    entry = _unchanged("20260102")
    entry.stages[-1].outcome = "ran"
    entry.stages[-1].digest = "of another"
    _publish(root, entry=entry)
    client = client_of(root)
    parents, nested = runs_of(client)
    assert _pictures_in(client, nested) == {run.info.run_id for run in nested}
    outcomes = {
        run.data.tags["ganatomy.stage"]: run.data.tags.get("ganatomy.computed_by")
        for run in nested[len(recorded.STAGES) :]
    }
    assert outcomes == {
        "prepare": parents[0].info.run_id,
        "train": parents[0].info.run_id,
        "retrain@0": None,
    }


def test_images_have_the_names_that_mlflow_gives(root: Path) -> None:
    """Its page shows an image by its name alone; ours differ in what is random and in the time."""
    client, experiment, _ = publish.connect()
    run_id = client.create_run(experiment).info.run_id
    picture = Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8))
    client.log_image(run_id, picture, key="samples", step=3)
    _publish(root)
    _, nested = runs_of(client)

    def names(run: str) -> set[str]:
        found = [Path(each.path).name for each in client.list_artifacts(run, "images")]
        pattern = r"timestamp\+\d+\+[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        return {re.sub(pattern, "T", name) for name in found}

    ours = names(nested[0].info.run_id)
    assert names(run_id) <= ours
    assert len(ours) == 6
    tags = client.get_run(run_id).data.tags
    key = next(name for name in tags if "mage" in name)
    assert nested[0].data.tags[key] == tags[key]


def _names(client: MlflowClient, run_id: str) -> list[str]:
    return [Path(each.path).name for each in client.list_artifacts(run_id, "images")]


def _pictures(root: Path) -> dict[str, set[str]]:
    """Names of the pictures of each stage, up to the step."""
    client = client_of(root)
    return {
        run.data.tags["ganatomy.stage"]: {
            name.partition("+timestamp")[0] for name in _names(client, run.info.run_id)
        }
        for run in runs_of(client)[1]
    }


OF_STAGES = {"grid+step+0", "samples+step+3", "samples+step+4"}


def test_a_picture_that_was_sent_while_the_stage_ran_is_not_there_twice(root: Path) -> None:
    client, experiment, _ = publish.connect()
    entry = run_entry()
    entry.run_id = publish.open_run(client, experiment, entry)
    train = entry.stages[1]
    train.run_id = publish.open_stage(client, experiment, entry, train)
    live = pictures.Kept(root / "reports/train/images/samples_03.png", Place("samples", 3))
    pictures.log(client, train.run_id, entry.started_ms, [live])
    sent = set(_names(client, train.run_id))
    assert len(sent) == 2  # and a small one
    train.started_ms += 500  # tried again
    publish.publish(client, experiment, entry, root)
    names = _names(client, train.run_id)
    assert sent < set(names)
    assert len(names) == 2 * len(OF_STAGES)


def _draw(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, np.full((8, 8, 3), 9, dtype=np.uint8))


def test_what_was_drawn_for_the_page_goes_to_the_run_of_its_stage(root: Path) -> None:
    drawn = root / "reports" / "report"
    _draw(drawn, "train/curves", "train/cell_0_0", "train/class_1", "retrain/one")
    own = root / "reports" / "train" / "images" / "samples_03.png"
    shutil.copy(own, drawn / "images" / "train" / "still.png")  # shown on the page: the same
    (root / "reports" / "report" / "images" / "train" / "film.gif").write_bytes(b"GIF89a")
    _draw(root / "reports" / "unfinished", "train/old")
    _publish(root)
    assert _pictures(root) == {
        "prepare": OF_STAGES,
        "train": OF_STAGES | {"curves+step+0", "cell_0_0+step+0", "class_1+step+0"},
        "retrain@0": OF_STAGES | {"one+step+0"},
    }


def test_a_generated_picture_keeps_its_mark_in_the_record(root: Path, tmp_path: Path) -> None:
    pixels = np.full((8, 8, 3), 5, dtype=np.uint8)
    write_png(root / "reports" / "report" / "images" / "train" / "made.png", pixels, GENERATED)
    _publish(root)
    client = client_of(root)
    (run,) = (run for run in runs_of(client)[1] if run.data.tags["ganatomy.stage"] == "train")
    kept = client.download_artifacts(run.info.run_id, "images", str(tmp_path))
    marks = {path.name: source_in(path.read_bytes()) for path in Path(kept).iterdir()}
    made = {name for name, source in marks.items() if source}
    assert {name.partition("+")[0] for name in made} == {"made"}
    assert {Path(name).suffix for name in made} == {".png", ".webp"}
    assert len(marks) > len(made)


@pytest.mark.parametrize("status", ["FAILED", "KILLED"])
def test_a_run_that_did_not_end_well_has_its_own_page_or_none(root: Path, status: str) -> None:
    """What an earlier run left in reports/report is not its own."""
    _draw(root / "reports" / "report", "train/curves")
    if status == "FAILED":
        _draw(root / "reports" / "unfinished", "prepare/contact_sheet")
        (root / "reports" / "unfinished" / "report.html").write_text("what there is\n")
        (root / "reports" / "unfinished" / "summary.md").write_text("it failed\n")
    client, experiment, _ = publish.connect()
    entry = run_entry(status=status)
    entry.stages[1].outcome = "failed"
    for _ in range(2):
        publish.publish(client, experiment, entry, root)
    drawn = {"contact_sheet+step+0"} if status == "FAILED" else set()
    assert _pictures(root) == {"prepare": OF_STAGES | drawn, "train": set(), "retrain@0": OF_STAGES}
    ((parent,), _) = runs_of(client)
    page = [each.path for each in client.list_artifacts(parent.info.run_id)]
    assert page == (["report.html"] if status == "FAILED" else [])
    note = parent.data.tags.get("mlflow.note.content")
    assert note == ("it failed\n" if status == "FAILED" else None)


def test_names_in_other_scripts_keep_keys_of_their_own() -> None:
    names = ["max_abs_t/class_\u732b", "max_abs_t/class_\u72ac", "max_abs_t/class__", "fcd@1000"]
    keys = [mlflow_names.key_of(name) for name in names]
    assert len(set(keys)) == 4
    assert keys[2:] == ["max_abs_t/class__", "fcd_at_1000"]
    assert all(re.fullmatch(r"[a-zA-Z0-9_./-]+", key) for key in keys)
