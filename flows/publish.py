"""A run entry into MLflow: parent run, one nested run per stage, everything final from disk.

Publishing may be cut off at any moment and done again: what is there already is found, by ids of
our own and by names that depend on the content alone, and nothing is there twice.

Where nothing was new in a run, pictures, page and curves are not stored again: tags say which run
has them.

Each stage's folder in reports/ has the same names: no stage is known here by its own.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

from flows import desk, figures, pictures
from flows.entry import RunEntry, StageEntry
from flows.mlflow_names import (
    COMPUTED_BY_TAG,
    DETAILS_IN_TAG,
    DIGEST_TAG,
    ENTRY_TAG,
    NOTE_TAG,
    ORIGIN_TAGS,
    OUTCOME_TAG,
    PAGE_TAG,
    PARENT_TAG,
    STAGE_TAG,
    VIEW_TAG,
    key_of,
    note_of,
)
from flows.settings import EXPERIMENT
from ganatomy.files import sha256_of
from tasks.shared.artifact_paths import CURVES, METRICS, PAGE, REPORTS

_BATCH = 1000
_MAX_PARAMS = 100
_MAX_VALUE_CHARS = 500
# MLflow's word for experiments that train models, not prompts
_KIND = {"mlflow.experimentKind": "custom_model_development"}


def connect() -> tuple[MlflowClient, str, list[str]]:
    """A client, the experiment's id, and what had to be put right, for the user.

    Raises what MLflow raises when the store cannot be used. An experiment that was deleted is
    restored: MLflow takes no run into it, and no other of its name.
    """
    client, view = MlflowClient(), desk.view_of_all_runs()
    found = client.get_experiment_by_name(EXPERIMENT)
    if not found:
        tags = _KIND | {VIEW_TAG: view}
        return client, client.create_experiment(EXPERIMENT, tags=tags), []
    if found.tags.get(VIEW_TAG) != view and found.lifecycle_stage == "active":
        client.set_experiment_tag(found.experiment_id, VIEW_TAG, view)
    if found.lifecycle_stage == "active":
        return client, found.experiment_id, []
    client.restore_experiment(found.experiment_id)
    return client, found.experiment_id, [f"MLflow's experiment {EXPERIMENT} was deleted: restored"]


def open_run(client: MlflowClient, experiment: str, entry: RunEntry) -> str:
    """Find the parent run by the entry's own id, or create it."""
    query = f"tags.`{ENTRY_TAG}` = '{entry.id}'"
    for run in client.search_runs([experiment], query, max_results=1):
        return str(run.info.run_id)
    tags = {ENTRY_TAG: entry.id, **entry.tags}
    run = client.create_run(experiment, entry.started_ms, tags, entry.name)
    return str(run.info.run_id)


def open_stage(client: MlflowClient, experiment: str, entry: RunEntry, stage: StageEntry) -> str:
    """Find a nested run by its parent and its stage, or create it."""
    query = f"{_below(entry.run_id)} and tags.`{STAGE_TAG}` = '{stage.name}'"
    for run in client.search_runs([experiment], query, max_results=1):
        return str(run.info.run_id)
    return str(_create_stage(client, experiment, entry, stage, {}).info.run_id)


def _below(parent: str) -> str:
    return f"tags.`{PARENT_TAG}` = '{parent}'"


def _create_stage(
    client: MlflowClient, experiment: str, entry: RunEntry, stage: StageEntry, tags: dict[str, str]
) -> Run:
    origin = {name: entry.tags[name] for name in ORIGIN_TAGS if name in entry.tags}
    tags = {PARENT_TAG: entry.run_id, STAGE_TAG: stage.name} | origin | tags
    return client.create_run(experiment, stage.started_ms, tags, stage.name)


def publish(client: MlflowClient, experiment: str, entry: RunEntry, folder: Path) -> None:
    """Complete the record of a run from the files below `folder`."""
    entry.run_id = entry.run_id or open_run(client, experiment, entry)
    own = _nested(client, experiment, entry.run_id)
    holder = _holder_of_page(client, experiment, entry, folder)
    held = _nested(client, experiment, holder.info.run_id) if holder else {}
    for stage in entry.stages:
        if stage.outcome == "skipped":
            continue
        run = own.get(stage.name)
        same = held.get(stage.name)
        if same is not None and same.data.tags.get(DIGEST_TAG) != stage.digest:
            same = None
        about = _about(stage, same or _before(client, experiment, stage, run))
        about |= _told_of(stage, folder)
        if run is None:
            run = _create_stage(client, experiment, entry, stage, about)
        else:
            client.log_batch(run.info.run_id, tags=_as_tags(about))
        stage.run_id = run.info.run_id
        _publish_stage(client, entry, stage, folder, run, same)
    params = [Param(name, value[:_MAX_VALUE_CHARS]) for name, value in entry.params.items()]
    client.log_batch(entry.run_id, tags=_as_tags(entry.tags), params=params[:_MAX_PARAMS])
    for start in range(_MAX_PARAMS, len(params), _MAX_PARAMS):
        client.log_batch(entry.run_id, params=params[start : start + _MAX_PARAMS])
    if entry.status == "FINISHED":
        desk.publish_results(client, experiment, entry, folder, holder)
    desk.publish_unfinished(client, entry, folder)
    client.set_terminated(entry.run_id, entry.status, entry.ended_ms)


def _nested(client: MlflowClient, experiment: str, parent: str) -> dict[str, Run]:
    """The nested runs of a run, by stage."""
    found = client.search_runs([experiment], _below(parent), max_results=1000)
    return {run.data.tags.get(STAGE_TAG, ""): run for run in found}


def _holder_of_page(
    client: MlflowClient, experiment: str, entry: RunEntry, folder: Path
) -> Run | None:
    """The newest complete run that has this very page; none for a run in which anything is new.

    Pictures are drawn with the page, so that run has the same ones.
    """
    page = folder / PAGE
    if not entry.is_unchanged() or not page.exists():
        return None
    query = f"attributes.status = 'FINISHED' and tags.`{PAGE_TAG}` = '{sha256_of(page)}'"
    for run in client.search_runs([experiment], query, max_results=2):
        files = {file.path for file in client.list_artifacts(run.info.run_id)}
        if run.info.run_id != entry.run_id and PAGE.name in files:
            return run
    return None


def _before(
    client: MlflowClient, experiment: str, stage: StageEntry, own: Run | None
) -> Run | None:
    """The newest complete record of the same result, if this stage's was not computed now."""
    if stage.outcome not in ("cached", "restored"):
        return None
    query = (
        f"attributes.status = 'FINISHED' and tags.`{DIGEST_TAG}` = '{stage.digest}'"
        f" and tags.`{STAGE_TAG}` = '{stage.name}'"
    )
    found = client.search_runs([experiment], query, max_results=2)
    return next((run for run in found if own is None or run.info.run_id != own.info.run_id), None)


def _as_tags(values: dict[str, str]) -> list[RunTag]:
    return [RunTag(name, value) for name, value in values.items()]


def _about(stage: StageEntry, before: Run | None) -> dict[str, str]:
    """Tags that say what a stage's record is of."""
    tags = {OUTCOME_TAG: stage.outcome, DIGEST_TAG: stage.digest}
    if stage.outcome not in ("cached", "restored"):
        return tags
    if before is None:
        return tags | {COMPUTED_BY_TAG: "unknown to this server"}
    computed = before.data.tags.get(OUTCOME_TAG) == "ran"
    by = before.data.tags.get(PARENT_TAG if computed else COMPUTED_BY_TAG, "")
    return tags | {COMPUTED_BY_TAG: by}


def _told_of(stage: StageEntry, folder: Path) -> dict[str, str]:
    """The note of a nested run: the stage's figures, each once."""
    path = _reported(folder, stage) / METRICS
    if not stage.has_result() or not path.exists():
        return {}
    told = figures.table(json.loads(path.read_text()))
    return {NOTE_TAG: note_of(told)} if told else {}


def _reported(folder: Path, stage: StageEntry) -> Path:
    return folder / REPORTS / stage.name.replace("@", "/")


def _publish_stage(
    client: MlflowClient,
    entry: RunEntry,
    stage: StageEntry,
    folder: Path,
    run: Run,
    same: Run | None,
) -> None:
    """Log what is final of a stage; what `same` has is not stored again."""
    if stage.has_result():
        drawn = pictures.of_stage(folder, entry, stage.name)
        if same and (not drawn or client.list_artifacts(same.info.run_id, pictures.FOLDER)):
            client.set_tag(stage.run_id, DETAILS_IN_TAG, same.info.run_id)
        else:
            pictures.log(client, stage.run_id, entry.started_ms, drawn)
            reported = _reported(folder, stage)
            if (path := reported / METRICS).exists():  # with all digits, for programs
                client.log_artifact(stage.run_id, str(path))
            send(client, stage.run_id, _curves(client, reported, stage, run))
    status = {"failed": "FAILED", "stopped": "KILLED"}.get(stage.outcome, "FINISHED")
    client.set_terminated(stage.run_id, status, stage.ended_ms)


def send(client: MlflowClient, run_id: str, metrics: list[Metric]) -> None:
    """Log points, as many at a time as MLflow takes."""
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _BATCH])


def _curves(client: MlflowClient, reported: Path, stage: StageEntry, run: Run) -> list[Metric]:
    """The points that did not get through while the stage ran: all of them for a cached one."""
    path = reported / CURVES
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = [(key_of(row["name"]), row["value"], row["step"]) for row in csv.DictReader(file)]
    there = {
        (key, point.step)
        for key in {key for key, _, _ in rows}.intersection(run.data.metrics)
        for point in client.get_metric_history(stage.run_id, key)
    }
    return [
        Metric(key, float(value), stage.ended_ms, int(step))
        for key, value, step in rows
        if (key, int(step)) not in there
    ]


def reconcile(client: MlflowClient, experiment: str, is_gone: Callable[[str], bool]) -> None:
    """End runs that a killed process left RUNNING.

    Parameters
    ----------
    is_gone : callable
        Whether the process that a run's ``ganatomy.owner`` tag names has ended.
    """
    running = client.search_runs([experiment], "attributes.status = 'RUNNING'", max_results=500)
    for run in running:
        owner = run.data.tags.get("ganatomy.owner")
        if owner is not None and is_gone(owner):
            client.set_terminated(run.info.run_id, "KILLED")
    for run in running:
        parent = run.data.tags.get(PARENT_TAG)
        if parent and client.get_run(parent).info.status != "RUNNING":
            client.set_terminated(run.info.run_id, "KILLED")
