"""A run entry into MLflow: parent run, one nested run per stage, everything final from disk.

Publishing may be cut off at any moment and done again: what is there already is found, by ids of
our own and by names that depend on the content alone, and nothing is there twice.

Nothing here knows a stage in particular: each stage's folder in reports/ has the same names.
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
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.tracking.multimedia import compress_image_size
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_IMAGES
from PIL import Image

from flows.entry import RunEntry, StageEntry
from flows.registry import register
from flows.settings import EXPERIMENT
from flows.spool import manifest_of
from tasks.results import CURVES, IMAGES, METRICS

_BATCH = 500
_MAX_VALUE_CHARS = 500
PARENT_TAG = "mlflow.parentRunId"
ENTRY_TAG = "ganatomy.entry"
STAGE_TAG = "ganatomy.stage"
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
    query = f"tags.`{PARENT_TAG}` = '{parent}' and tags.`{STAGE_TAG}` = '{stage.name}'"
    for run in client.search_runs([experiment], query, max_results=1):
        return str(run.info.run_id)
    tags = {PARENT_TAG: parent, STAGE_TAG: stage.name}
    run = client.create_run(experiment, stage.started_ms, tags, stage.name)
    return str(run.info.run_id)


def publish(client: MlflowClient, experiment: str, entry: RunEntry, folder: Path) -> None:
    """Complete the record of a run from the files below `folder`."""
    entry.run_id = entry.run_id or open_run(client, experiment, entry)
    computed_by = _computed_by(client, experiment)
    for stage in entry.stages:
        _publish_stage(client, experiment, entry, stage, folder, computed_by)
    tags = [RunTag(name, value) for name, value in entry.tags.items()]
    client.log_batch(entry.run_id, tags=tags)
    batch = [Param(name, value[:_MAX_VALUE_CHARS]) for name, value in entry.params.items()]
    for start in range(0, len(batch), 100):
        client.log_batch(entry.run_id, params=batch[start : start + 100])
    if entry.status == "FINISHED":
        _publish_results(client, entry, folder)
    client.set_terminated(entry.run_id, entry.status, entry.ended_ms)


def _publish_results(client: MlflowClient, entry: RunEntry, folder: Path) -> None:
    summary = folder / "reports" / "report" / "summary.md"
    if not summary.exists():  # the disk had no room for what the run left
        return
    client.set_tag(entry.run_id, NOTE_TAG, summary.read_text())
    client.log_artifact(entry.run_id, str(folder / "reports" / "report.html"))
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


def _computed_by(client: MlflowClient, experiment: str) -> dict[str, str]:
    """For each result digest, the newest parent run that computed it."""
    found: dict[str, str] = {}
    runs = client.search_runs([experiment], "tags.`ganatomy.outcome` = 'ran'", max_results=1000)
    for run in reversed(runs):
        digest = run.data.tags.get("ganatomy.digest")
        if digest:
            found[digest] = run.data.tags.get(PARENT_TAG, "")
    return found


def _publish_stage(
    client: MlflowClient,
    experiment: str,
    entry: RunEntry,
    stage: StageEntry,
    folder: Path,
    computed_by: dict[str, str],
) -> None:
    if stage.outcome == "skipped":
        return
    stage.run_id = stage.run_id or open_stage(client, experiment, entry.run_id, stage)
    tags = {"ganatomy.outcome": stage.outcome, "ganatomy.digest": stage.digest}
    if stage.outcome in ("cached", "restored"):
        tags["ganatomy.computed_by"] = computed_by.get(stage.digest, "unknown to this server")
    client.log_batch(stage.run_id, tags=[RunTag(name, value) for name, value in tags.items()])
    if stage.outcome not in ("failed", "stopped"):
        reported = folder / "reports" / stage.name.replace("@", "/")
        curves = _curves(client, reported, stage)
        send(client, stage.run_id, _final(reported, stage.ended_ms) + curves)
        _images(client, stage, reported)
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


def _curves(client: MlflowClient, reported: Path, stage: StageEntry) -> list[Metric]:
    """The points that did not get through while the stage ran: all of them for a cached one."""
    path = reported / CURVES
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = [(key_of(row["name"]), row["value"], row["step"]) for row in csv.DictReader(file)]
    there = {
        (key, point.step)
        for key in {key for key, _, _ in rows}
        for point in client.get_metric_history(stage.run_id, key)
    }
    return [
        Metric(key, float(value), stage.ended_ms, int(step))
        for key, value, step in rows
        if (key, int(step)) not in there
    ]


def _images(client: MlflowClient, stage: StageEntry, reported: Path) -> None:
    """Each image under its own key; ``samples_03`` is step 3 of the key ``samples``.

    As files of the names that MLflow's page reads: `log_image` would put a random part into each,
    and a second publication would double them.
    """
    paths = sorted((reported / IMAGES).glob("*.png"))
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
