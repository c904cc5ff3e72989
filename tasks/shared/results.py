"""The folder that a stage reports in: metrics.json, curves.csv, images/, tables.

Every stage uses the same names, so whoever records a run needs to know no stage in particular.
"""

import math
from pathlib import Path

from ganatomy.files import write_bytes, write_json
from tasks.shared.artifact_paths import CURVES as CURVES
from tasks.shared.artifact_paths import IMAGES as IMAGES
from tasks.shared.artifact_paths import METRICS as METRICS

Point = tuple[int, str, float]


def write_metrics(folder: Path, metrics: dict[str, float | int]) -> None:
    """Write the stage's final figures; what could not be measured (NaN) is left out."""
    known = {name: value for name, value in metrics.items() if math.isfinite(value)}
    write_json(folder / METRICS, known)


def write_curves(folder: Path, points: list[Point]) -> None:
    """Write curve points as (step, name, value) rows, values with all their digits."""
    rows = ["step,name,value", *(f"{step},{name},{value!r}" for step, name, value in points)]
    write_bytes(folder / CURVES, ("\n".join(rows) + "\n").encode())


def image_path(folder: Path, key: str) -> Path:
    """Return where the image of a key goes."""
    return folder / IMAGES / f"{key}.png"
