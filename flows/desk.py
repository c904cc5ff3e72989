"""What a reviewer decides on: the parent run, the registered models, the view of all runs.

The parent run alone tells what a run came to: headlines under names that never change, the verdict
and what it is of as tags, a note that begins with the verdict, a grid of samples, the page.
"""

import json
import math
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Run, RunTag

from flows import pictures, verdict
from flows.entry import RunEntry
from flows.mlflow_names import (
    NOTE_TAG,
    PAGE_IN_TAG,
    PAGE_TAG,
    PROFILE_TAG,
    PUBLISHED_TAG,
    VERDICT_TAG,
    VIEW,
    WORKFLOW,
    note_of,
)
from flows.registry import About, register
from flows.spool import manifest_of
from flows.verdict import ToldVerdict
from ganatomy.files import read_json, sha256_of
from tasks.report import headline
from tasks.shared.artifact_paths import CARD, GAN, PAGE, REPORTS, UNFINISHED

_ONLY_FOR_TRIAL = "smoke"  # a profile whose numbers mean nothing


def view_of_all_runs() -> str:
    """What MLflow's table of runs shows by our link: verdict and profile first, then headlines."""
    tags = [f"tags.`{name}`" for name in (VERDICT_TAG, PROFILE_TAG)]
    figures = [f"metrics.`{name}`" for name in headline.NAMES if name != PUBLISHED_TAG]
    others = [f"tags.`{PUBLISHED_TAG}`", "attributes.`User`"]
    columns = [*tags, *figures, *others]
    return json.dumps({"selectedColumns": columns, "columnOrder": columns})


def publish_results(
    client: MlflowClient, experiment: str, entry: RunEntry, folder: Path, holder: Run | None
) -> None:
    """Log what a run that ended well came to; what `holder` has already is not stored again."""
    summary = folder / REPORTS / "report" / "summary.md"
    if not summary.exists():  # the disk had no room for what the run left
        return
    told = verdict.read(folder)
    headlines = _headlines(folder)
    tags = _tags_of(told, headlines) | {NOTE_TAG: _note(told, summary.read_text(), experiment)}
    if holder is not None:
        where = f"page, pictures and curves are in run {holder.info.run_name}"
        tags[NOTE_TAG] += f"\nNothing had changed: {where}.\n"
        tags[PAGE_IN_TAG] = holder.info.run_id
    else:
        page = folder / PAGE
        client.log_artifact(entry.run_id, str(page))
        pictures.log(client, entry.run_id, entry.started_ms, pictures.samples(folder, entry))
        tags[PAGE_TAG] = sha256_of(page)
    figures = [
        Metric(name, value, entry.ended_ms, 0)
        for name, value in headlines.items()
        if name != PUBLISHED_TAG
    ]
    client.log_batch(
        entry.run_id, metrics=figures, tags=[RunTag(name, text) for name, text in tags.items()]
    )
    if (manifest := manifest_of(folder, entry)).exists():
        client.log_artifact(entry.run_id, str(manifest))
    _log_data(client, entry)
    gan = next((stage for stage in entry.stages if stage.name == "train"), None)
    if gan is not None and (folder / GAN).exists():
        about = About(
            entry.run_id,
            _model_note(told, entry, experiment),
            told.outcome if told is not None else "",
            _may_be_challenger(told, entry),
            folder / REPORTS / "report" / CARD,
        )
        register(client, about, gan.digest, folder / GAN)


def publish_unfinished(client: MlflowClient, entry: RunEntry, folder: Path) -> None:
    """The page of a run that failed stands where that of a whole one does."""
    page = folder / UNFINISHED / PAGE.name
    if entry.status == "FAILED" and page.exists():
        client.log_artifact(entry.run_id, str(page))
        client.set_tag(entry.run_id, NOTE_TAG, note_of(page.with_name("summary.md").read_text()))


def _headlines(folder: Path) -> dict[str, float]:
    """The run's headlines; what was not measured is no number and is left out."""
    path = folder / REPORTS / "report" / headline.SUMMARY
    values: dict[str, Any] = read_json(path) if path.exists() else {}
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def _tags_of(told: ToldVerdict | None, headlines: dict[str, float]) -> dict[str, str]:
    tags = {}
    if PUBLISHED_TAG in headlines:
        tags[PUBLISHED_TAG] = f"{headlines[PUBLISHED_TAG]:.0f}"
    if told is not None:
        tags[VERDICT_TAG] = told.outcome
        tags |= {f"{VERDICT_TAG}.{question}": one for question, one in told.answers.items()}
    return tags


def _note(told: ToldVerdict | None, summary: str, experiment: str) -> str:
    """The verdict first, then what else is to be known, and where the other runs are."""
    there = f"#/experiments/{experiment}/runs?{WORKFLOW}&viewStateShareKey={VIEW}"
    return note_of(verdict.first(told, summary)) + f"\n[All runs, side by side]({there})\n"


def _model_note(told: ToldVerdict | None, entry: RunEntry, experiment: str) -> str:
    where = f"#/experiments/{experiment}/runs/{entry.run_id}?{WORKFLOW}"
    profile = entry.tags.get(PROFILE_TAG, "not known")
    return f"{verdict.in_markdown(told)}Of run [{entry.name}]({where}), profile {profile}.\n"


def _may_be_challenger(told: ToldVerdict | None, entry: RunEntry) -> bool:
    """Only a model that a verdict speaks for stands against the champion."""
    profile, _, _ = entry.tags.get(PROFILE_TAG, "").partition(",")
    return told is not None and told.outcome == "yes" and profile != _ONLY_FOR_TRIAL


def _log_data(client: MlflowClient, entry: RunEntry) -> None:
    source = json.dumps({"path": "data/prepared", "digest": entry.data_digest})
    dataset = Dataset(
        name=entry.data_origin[:500],
        digest=entry.data_digest[:36],
        source_type="dvc",
        source=source,
    )
    tag = InputTag("mlflow.data.context", "training")
    client.log_inputs(entry.run_id, [DatasetInput(dataset, [tag])])
