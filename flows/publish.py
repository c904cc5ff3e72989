"""A run entry into MLflow: parent run, one nested run per stage, everything final from disk.

Publishing may be cut off at any moment and done again: what is there already is found, by ids of
our own and by names that depend on the content alone, and nothing is there twice.

Where nothing was new in a run, pictures, page and all but the ends of curves are not stored again:
tags say which run has them.

Each stage's folder in reports/ has the same names; of stages only `train` is known here by name,
whose networks become registered models, and `report`, which draws for all.
"""

import csv
import hashlib
import json
import re
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.tracking.multimedia import compress_image_size
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_IMAGES
from PIL import Image

from flows.entry import RunEntry, StageEntry
from flows.registry import register
from flows.settings import EXPERIMENT
from flows.spool import manifest_of
from ganatomy.files import sha256_of
from tasks.shared.artifact_paths import CURVES, IMAGES, METRICS, PAGE, REPORTS, UNFINISHED

_BATCH = 1000
_MAX_PARAMS = 100
_MAX_VALUE_CHARS = 500
PARENT_TAG = "mlflow.parentRunId"
ENTRY_TAG = "ganatomy.entry"
STAGE_TAG = "ganatomy.stage"
OUTCOME_TAG = "ganatomy.outcome"
DIGEST_TAG = "ganatomy.digest"
COMPUTED_BY_TAG = "ganatomy.computed_by"
DETAILS_IN_TAG = "ganatomy.details_in"  # the nested run that has this one's pictures and curves
PAGE_TAG = "ganatomy.page"  # SHA-256 of the page that a run has
PAGE_IN_TAG = "ganatomy.page_in"  # the run that has this one's page
# MLflow's word for experiments that train models, not prompts
_KIND = {"mlflow.experimentKind": "custom_model_development"}
NOTE_TAG = "mlflow.note.content"


def connect() -> tuple[MlflowClient, str, list[str]]:
    """A client, the experiment's id, and what had to be put right, for the user.

    Raises what MLflow raises when the store cannot be used. An experiment that was deleted is
    restored: MLflow takes no run into it, and no other of its name.
    """
    client = MlflowClient()
    found = client.get_experiment_by_name(EXPERIMENT)
    if not found:
        return client, client.create_experiment(EXPERIMENT, tags=_KIND), []
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


def open_stage(client: MlflowClient, experiment: str, parent: str, stage: StageEntry) -> str:
    """Find a nested run by its parent and its stage, or create it."""
    query = f"{_below(parent)} and tags.`{STAGE_TAG}` = '{stage.name}'"
    for run in client.search_runs([experiment], query, max_results=1):
        return str(run.info.run_id)
    return str(_create_stage(client, experiment, parent, stage, {}).info.run_id)


def _below(parent: str) -> str:
    return f"tags.`{PARENT_TAG}` = '{parent}'"


def _create_stage(
    client: MlflowClient, experiment: str, parent: str, stage: StageEntry, tags: dict[str, str]
) -> Run:
    tags = {PARENT_TAG: parent, STAGE_TAG: stage.name} | tags
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
        if run is None:
            run = _create_stage(client, experiment, entry.run_id, stage, about)
        else:
            client.log_batch(run.info.run_id, tags=_as_tags(about))
        stage.run_id = run.info.run_id
        _publish_stage(client, entry, stage, folder, run, same)
    params = [Param(name, value[:_MAX_VALUE_CHARS]) for name, value in entry.params.items()]
    client.log_batch(entry.run_id, tags=_as_tags(entry.tags), params=params[:_MAX_PARAMS])
    for start in range(_MAX_PARAMS, len(params), _MAX_PARAMS):
        client.log_batch(entry.run_id, params=params[start : start + _MAX_PARAMS])
    if entry.status == "FINISHED":
        _publish_results(client, entry, folder, holder)
    _publish_unfinished(client, entry, folder)
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


def _publish_unfinished(client: MlflowClient, entry: RunEntry, folder: Path) -> None:
    """The page of a run that failed stands where that of a whole one does."""
    page = folder / UNFINISHED / PAGE.name
    if entry.status == "FAILED" and page.exists():
        client.log_artifact(entry.run_id, str(page))
        client.set_tag(entry.run_id, NOTE_TAG, page.with_name("summary.md").read_text())


def _publish_results(
    client: MlflowClient, entry: RunEntry, folder: Path, holder: Run | None
) -> None:
    summary = folder / "reports" / "report" / "summary.md"
    if not summary.exists():  # the disk had no room for what the run left
        return
    note, page = summary.read_text(), folder / PAGE
    if holder is not None:
        where = f"page, pictures and curves are in run {holder.info.run_name}"
        client.set_tag(entry.run_id, NOTE_TAG, f"{note}\nNothing had changed: {where}.\n")
        client.set_tag(entry.run_id, PAGE_IN_TAG, holder.info.run_id)
    else:
        client.set_tag(entry.run_id, NOTE_TAG, note)
        client.log_artifact(entry.run_id, str(page))
        client.set_tag(entry.run_id, PAGE_TAG, sha256_of(page))
    if (manifest := manifest_of(folder, entry)).exists():
        client.log_artifact(entry.run_id, str(manifest))
    source = json.dumps({"path": "data/prepared", "digest": entry.data_digest})
    dataset = Dataset(
        name=entry.data_origin[:500],
        digest=entry.data_digest[:36],
        source_type="dvc",
        source=source,
    )
    tag = InputTag("mlflow.data.context", "training")
    client.log_inputs(entry.run_id, [DatasetInput(dataset, [tag])])
    gan = next((stage for stage in entry.stages if stage.name == "train"), None)
    if gan is not None and (folder / "models" / "gan").exists():
        register(client, entry.run_id, gan.digest, folder / "models" / "gan")


def _publish_stage(
    client: MlflowClient,
    entry: RunEntry,
    stage: StageEntry,
    folder: Path,
    run: Run,
    same: Run | None,
) -> None:
    """Log what is final of a stage; pictures and curves that `same` has are not stored again."""
    if stage.outcome not in ("failed", "stopped"):
        reported = folder / "reports" / stage.name.replace("@", "/")
        curves = _curves(client, reported, stage, run)
        pictures = _pictures(stage, reported, folder / _page_of(entry) / IMAGES)
        if same and (not pictures or client.list_artifacts(same.info.run_id, "images")):
            client.set_tag(stage.run_id, DETAILS_IN_TAG, same.info.run_id)
            latest = {point.key: point for point in sorted(curves, key=lambda point: point.step)}
            curves = list(latest.values())  # by which runs are compared
        else:
            _images(client, stage, pictures)
        send(client, stage.run_id, _final(reported, stage.ended_ms) + curves)
    status = {"failed": "FAILED", "stopped": "KILLED"}.get(stage.outcome, "FINISHED")
    client.set_terminated(stage.run_id, status, stage.ended_ms)


def send(client: MlflowClient, run_id: str, metrics: list[Metric]) -> None:
    """Log points, as many at a time as MLflow takes."""
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _BATCH])


def _final(reported: Path, time_ms: int) -> list[Metric]:
    path = reported / METRICS
    values: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return [Metric(key_of(name), float(value), time_ms, 0) for name, value in values.items()]


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


def _page_of(entry: RunEntry) -> Path:
    return REPORTS / "report" if entry.status == "FINISHED" else UNFINISHED


def _pictures(stage: StageEntry, reported: Path, drawn: Path) -> list[Path]:
    """Pictures that the stage has drawn itself, and those that were drawn for the page."""
    folders = (drawn / stage.name.partition("@")[0], reported / IMAGES)
    found = {path.name: path for folder in folders for path in sorted(folder.glob("*.png"))}
    return [found[name] for name in sorted(found)]


def _images(client: MlflowClient, stage: StageEntry, paths: list[Path]) -> None:
    """Each image under its own key; ``samples_03`` is step 3 of the key ``samples``.

    As files of the names that MLflow's page reads: `log_image` would put a random part into each,
    and a second publication would double them.
    """
    if not paths:
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            _write_image(Path(folder), path, stage)
        client.log_artifacts(stage.run_id, folder, "images")
    client.set_tag(stage.run_id, MLFLOW_LOGGED_IMAGES, "True")


def _write_image(folder: Path, path: Path, stage: StageEntry) -> None:
    stem, _, number = path.stem.rpartition("_")
    key, step = (stem, int(number)) if stem and number.isdigit() else (path.stem, 0)
    key = key_of(key).replace("/", "~")
    mark = uuid.uuid5(uuid.NAMESPACE_URL, f"{stage.run_id}/{path.name}")
    name = f"{key}+step+{step}+timestamp+{stage.ended_ms}+{mark}"
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.save(folder / f"{name}.png")
    compress_image_size(picture).save(folder / f"{name}+compressed.webp")


def key_of(name: str) -> str:
    """A name as MLflow takes it; ``fcd@1000`` becomes ``fcd_at_1000``.

    With letters of other scripts it gets a digest: they become equal signs, and keys must not.
    """
    key = re.sub(r"[^a-zA-Z0-9_\-./ ]", "_", name.replace("@", "_at_"))
    return key if name.isascii() else f"{key}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


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
