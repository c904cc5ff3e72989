"""A small project with results to record, and a store for them; no pipeline runs."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Run

from flows.entry import RunEntry, StageEntry
from ganatomy.data.images import write_png
from ganatomy.files import write_json
from ganatomy.gan.architecture import Architecture
from tasks.shared.pictures import Place, write_places

STAGES = ("prepare", "train", "retrain@0")
HEADLINE = "Yes: its images reach the share of real ones that is asked."


def results(root: Path) -> Path:
    """Write what three stages and the page would leave; returns `root`."""
    for index, stage in enumerate(STAGES):
        folder = root / "reports" / stage.replace("@", "/")
        write_json(
            folder / "metrics.json", {"a": index, "b@9": 0.5, "b_low@9": 0.25, "b_high@9": 1}
        )
        (folder / "images").mkdir()
        for name in ("grid", "samples_03", "samples_04"):
            write_png(folder / "images" / f"{name}.png", np.full((8, 8, 3), index, dtype=np.uint8))
        places = {f"samples_0{step}.png": Place("samples", step) for step in (3, 4)}
        write_places(folder / "images", places)
    curves = "step,name,value\n0,train/d_loss,1.5\n1,train/d_loss,1.25\n"
    (root / "reports" / "train" / "curves.csv").write_text(curves)
    (root / "reports" / "report").mkdir()
    (root / "reports" / "report" / "summary.md").write_text("found\n")
    (root / "reports" / "report.html").write_text("<html></html>\n")
    headlines = {"coverage": 0.75, "published_step": 40}
    write_json(root / "reports" / "report" / "summary.json", headlines)
    write_json(root / "models" / "gan" / "networks.json", Architecture(28, 1, 5, 4).to_json())
    return root


def verdict(root: Path, outcome: str) -> None:
    """Write a verdict as the stage `report` does."""
    clauses = [
        {
            "question": "works",
            "outcome": outcome,
            "words": "It works.",
            "anchor": "#a",
            "checks": [],
        },
        {
            "question": "copies",
            "outcome": "unknown",
            "words": "Who knows.",
            "anchor": "",
            "checks": [],
        },
    ]
    told = {"outcome": outcome, "headline": HEADLINE, "lines": [HEADLINE, "It works."]}
    write_json(root / "reports" / "report" / "verdict.json", told | {"clauses": clauses})


def run_entry(name: str = "20260101T000000", status: str = "FINISHED") -> RunEntry:
    """A run in which every stage of `results` was computed."""
    return RunEntry(
        name,
        status,
        1_000,
        9_000,
        id=f"{name}-abc",
        tags={"git_sha": "f" * 40},
        params={"train.epochs": "3"},
        data_digest="0" * 32,
        data_origin="digits",
        stages=[StageEntry(stage, "ran", f"of {stage}", 2_000, 3_000) for stage in STAGES],
    )


def project(root: Path) -> Path:
    """What a record reads of a project besides its results."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text("base:\n  device: cpu\ntrain:\n  epochs: 3\n")
    return root


def client_of(root: Path) -> MlflowClient:
    """A client of the project's own store."""
    return MlflowClient(tracking_uri=f"sqlite:///{root / 'mlflow.db'}")


def runs_of(client: MlflowClient) -> tuple[list[Run], list[Run]]:
    """Parent runs and nested runs, oldest first."""
    experiment = client.get_experiment_by_name("ganatomy")
    found = client.search_runs([experiment.experiment_id], max_results=1000)
    found = sorted(found, key=lambda run: run.info.start_time)
    nested = [run for run in found if "mlflow.parentRunId" in run.data.tags]
    return [run for run in found if run not in nested], nested


def rows(root: Path, query: str) -> list[tuple[object, ...]]:
    """What SQL finds in the project's own store."""
    with closing(sqlite3.connect(root / "mlflow.db")) as database:
        return database.execute(query).fetchall()


def empty_store(made: Path, root: Path) -> None:
    """Give a project a store in which nothing was recorded: making one takes seconds."""
    shutil.copy2(made, root / "mlflow.db")
