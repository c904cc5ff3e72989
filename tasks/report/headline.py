"""A dozen figures and two curves of a run, for `dvc metrics` and `dvc plots`."""

import csv
from pathlib import Path
from typing import Any

from ganatomy.files import read_json, write_bytes, write_json
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.results import CURVES, METRICS

SUMMARY = "summary.json"
PLOTS = "plots"

# name here, which never changes: stage, and its metric's name up to an @
_HEADLINES = {
    "fcd": ("evaluate", "fcd"),
    "kid": ("evaluate", "kid"),
    "precision": ("evaluate", "precision"),
    "recall": ("evaluate", "recall"),
    "density": ("evaluate", "density"),
    "coverage": ("evaluate", "coverage"),
    "classes_missing": ("evaluate", "classes_missing"),
    "copies_found": ("evaluate", "copies_found"),
    "d_gap_auc": ("evaluate", "d_gap_auc"),
    "d_auc": ("discriminator", "auc"),
    "d_findings": ("discriminator", "num_findings"),
    "published_step": ("train", "published_step"),
    "features_that_matter": ("importance", "num_matter"),
    "methods_trusted": ("faithfulness", "num_trusted"),
}
NAMES = tuple(_HEADLINES)
# file and column: the curve's name up to an @
_PLOTS = {
    "losses.csv": {"d_loss": "train/d_loss", "g_loss": "train/g_loss"},
    "fcd.csv": {"fcd": "train/fcd"},
}


def write(folder: Path) -> None:
    """Write `summary.json` and `plots/*.csv` into a folder, from the stages' own reports."""
    metrics = {stage: _metrics(stage) for stage, _ in _HEADLINES.values()}
    summary = {name: metrics[stage].get(key) for name, (stage, key) in _HEADLINES.items()}
    write_json(
        folder / SUMMARY, {name: value for name, value in summary.items() if value is not None}
    )
    curves = _curves(REPORTS / "train" / CURVES)
    for name, columns in _PLOTS.items():
        write_bytes(folder / PLOTS / name, _table(curves, columns).encode())


def _metrics(stage: str) -> dict[str, Any]:
    """A stage's metrics by their names up to an @; none where it has not run."""
    path = REPORTS / stage / METRICS
    values = read_json(path) if path.exists() else {}
    return {name.partition("@")[0]: value for name, value in values.items()}


def _curves(path: Path) -> dict[str, dict[int, str]]:
    """Value by step of each curve, by its name up to an @; none where there is no file."""
    curves: dict[str, dict[int, str]] = {}
    if path.exists():
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                curve = curves.setdefault(row["name"].partition("@")[0], {})
                curve[int(row["step"])] = row["value"]
    return curves


def _table(curves: dict[str, dict[int, str]], columns: dict[str, str]) -> str:
    """The steps that all curves of a file have, as CSV."""
    drawn = [curves.get(name, {}) for name in columns.values()]
    steps = sorted(set.intersection(*(set(curve) for curve in drawn)))
    rows = [[str(step), *(curve[step] for curve in drawn)] for step in steps]
    return "".join(",".join(row) + "\n" for row in [["step", *columns], *rows])
