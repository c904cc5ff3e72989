"""The folder that a stage reports in: metrics.json, curves.csv, images/, tables.

Every stage uses the same names, so whoever records a run needs to know no stage in particular.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganatomy.data.images import write_png
from ganatomy.files import write_bytes, write_json
from tasks.shared.artifact_paths import CURVES as CURVES
from tasks.shared.artifact_paths import IMAGES as IMAGES
from tasks.shared.artifact_paths import METRICS as METRICS
from tasks.shared.events import Events

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


def show_image(
    report: Path, events: Events, key: str, pixels: NDArray[np.uint8], step: int | None = None
) -> None:
    """Write a picture and say that it can be looked at, as ``<stage>_<key>`` of that step."""
    path = image_path(report, key if step is None else f"{key}_{step:09d}")
    write_png(path, pixels)
    events.image(f"{events.stage}_{key}", step or 0, path)
