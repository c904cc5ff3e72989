"""The pictures of the page: those that stages drew, and those drawn here from their tables."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from ganatomy.files import safe_name
from ganatomy.report.curves import class_bars, training_curves
from ganatomy.report.fidelity import fidelity_chart
from ganatomy.report.film import film
from tasks.layout import REPORTS
from tasks.results import CURVES, image_path

_NUM_STILLS = 5
_FRAME_SCALE = 2  # of the contact sheets: pixels are blocks of 2 by 2
_DRAWN_BY_STAGES = (
    ("contact_sheet", "prepare", "contact_sheet"),
    ("samples", "evaluate", "samples"),
    ("suspects", "evaluate", "suspects"),
    ("importance", "importance", "importance"),
    ("effects", "importance", "effects"),
    ("power", "importance", "power"),
    ("without", "importance", "without"),
    ("gradcam_d_real", "gradcam", "d_real"),
    ("gradcam_d_fake", "gradcam", "d_fake"),
    ("gradcam_g_fake", "gradcam", "g_fake"),
    ("gradcam_classes", "gradcam", "classes"),
    ("lime_d_real", "lime", "d_real"),
    ("lime_d_fake", "lime", "d_fake"),
    ("lime_g_regions", "lime", "g_regions"),
    ("lime_classes", "lime", "classes"),
    ("lime_r2", "lime", "r2"),
    ("controls", "faithfulness", "controls"),
    ("removal", "faithfulness", "removal"),
    ("randomisation", "faithfulness", "randomisation"),
    ("agreement", "faithfulness", "agreement"),
)
_WHERE_THERE_ARE_ANY = (
    ("importance", "regions"),
    ("importance", "interactions"),
    ("gradcam", "g_targets"),
    ("gradcam", "disagreement"),
    ("gradcam", "causal"),
    ("gradcam", "dissection"),
    ("lime", "latents"),
)


def gather(facts: dict[str, Any]) -> dict[str, bytes]:
    """PNG files by the name that the template calls them."""
    figures = {name: _file(stage, key) for name, stage, key in _DRAWN_BY_STAGES}
    for stage, key in _WHERE_THERE_ARE_ANY:
        if image_path(REPORTS / stage, key).exists():
            figures[key] = _file(stage, key)
    for row in facts["importance"]["rows"]:
        figures[f"variant_{row['variant']}"] = _file("variants", safe_name(row["variant"]))
    table = pd.read_csv(REPORTS / "evaluate" / "fidelity.csv")
    is_inception = (table["name"] == "fid") | table["name"].str.endswith("_inception")
    figures["fidelity"] = _png(fidelity_chart(table[~is_inception]))
    if is_inception.any():
        figures["fidelity_inception"] = _png(fidelity_chart(table[is_inception]))
    classes = facts["classes"]
    if classes["names"]:
        figures["classes"] = _png(class_bars(classes["names"], classes["real"], classes["fake"]))
    points = pd.read_csv(REPORTS / "train" / CURVES)
    figures["curves"] = _png(training_curves(points, facts["train"]["published_step"]))
    return figures


def explained_film() -> bytes:
    """Where D looks on the same latents' images, and G's part in it, over the training."""
    paths = sorted((REPORTS / "gradcam" / "images").glob("film_*.png"), key=_number)
    return film([np.asarray(Image.open(path).convert("RGB")) for path in paths])


def training_film() -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The film and a few stills as figures, and the stills' names with the steps they show."""
    paths = sorted((REPORTS / "train" / "images").glob("samples_*.png"), key=_number)
    frames = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    points = pd.read_csv(REPORTS / "train" / CURVES)
    steps = sorted(points.loc[points["name"] == "train/diversity", "step"].unique().tolist())
    chosen = np.linspace(0, len(paths) - 1, min(_NUM_STILLS, len(paths))).round().astype(int)
    figures = {paths[index].stem: paths[index].read_bytes() for index in chosen}
    stills = [{"name": paths[index].stem, "step": steps[index]} for index in chosen]
    return {"film": film(frames, _FRAME_SCALE), **figures}, stills


def _number(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])  # samples_100 comes after samples_99


def _file(stage_name: str, key: str) -> bytes:
    path: Path = image_path(REPORTS / stage_name, key)
    return path.read_bytes()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
