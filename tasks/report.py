"""Stage report: one page of everything that was found."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

import ganatomy
from ganatomy.explain.readouts import READOUTS
from ganatomy.files import read_json, whole_folder, write_bytes
from ganatomy.report.curves import class_bars, training_curves
from ganatomy.report.page import render_page
from tasks import provenance, stage
from tasks.events import Events
from tasks.layout import PAGE, REPORTS
from tasks.params.report import Report
from tasks.params.section import read_document
from tasks.results import CURVES, METRICS, image_path, write_metrics

_FILM_FRAMES = 5
_FILM_WIDTH_PX = 180


def main(events: Events) -> None:
    """reports/* -> reports/report.html"""
    title = Report.load().title
    metrics = {name: read_json(REPORTS / name / METRICS) for name in ("evaluator", "train", "lime")}
    facts: dict[str, Any] = {
        "title": title,
        "version": ganatomy.__version__,
        "params": read_document(),
        "environment": read_json(provenance.ENVIRONMENT),
        "data": read_json(REPORTS / "prepare" / "card.json"),
        "quarantine": _rows(pd.read_csv(REPORTS / "prepare" / "quarantine.csv")),
        "quality": _quality(read_json(REPORTS / "evaluate" / METRICS)),
        "classes": read_json(REPORTS / "evaluate" / "classes.json"),
        "class_word": "rotations" if metrics["evaluator"]["by_rotation"] else "classes",
        "importance": _importance(),
        "film": [],
        "film_width": _FILM_WIDTH_PX,
        "provenance": provenance.describe(),
        "artifacts": provenance.artifacts(),
        **metrics,
    }
    figures = _figures(facts)
    events.progress(1, 2, "parts")
    page = render_page(facts, figures)
    with whole_folder(REPORTS / "report") as report:
        write_bytes(report / "summary.md", _summary(facts).encode())
        write_metrics(report, {"num_bytes": len(page.encode()), "num_figures": len(figures)})
    write_bytes(PAGE, page.encode())
    events.progress(2, 2, "parts")


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")  # type: ignore[return-value]


def _quality(metrics: dict[str, float]) -> dict[str, Any]:
    name = next(key for key in metrics if key.startswith("fcd@"))
    count = name.removeprefix("fcd@")
    fcd, floor = metrics[name], metrics[f"fcd_floor@{count}"]
    return {
        "count": count,
        "fcd": fcd,
        "floor": floor,
        "ratio": fcd / floor if floor > 0 else None,
        "classes_found": metrics["classes_found"],
    }


def _importance() -> dict[str, Any]:
    folder = REPORTS / "importance"
    summary, ranking = pd.read_csv(folder / "summary.csv"), pd.read_csv(folder / "ranking.csv")
    repeats = pd.read_csv(folder / "repeats.csv")
    recipes = {entry["name"]: entry for entry in read_json(REPORTS / "variants" / "index.json")}
    readouts = [name for name in READOUTS if name in set(summary["readout"])]
    by_key = {(row["variant"], row["readout"]): row for row in _rows(summary)}
    rows = []
    for row in _rows(ranking):
        effects = [by_key[row["variant"], readout] for readout in readouts]
        for effect in effects:
            effect["half"] = float(effect["high"] - effect["effect"])
        recipe = recipes[row["variant"]]
        same_images = not recipe["feature"].startswith("class_")
        rows.append(
            {**row, "meaning": recipe["meaning"], "effects": effects, "same_images": same_images}
        )
    return {
        "rows": rows,
        "readouts": readouts,
        "meanings": {name: READOUTS[name][1] for name in readouts},
        "threshold": float(summary["threshold"].iloc[0]),
        "num_comparisons": len(summary),
        "num_seeds": int(repeats["seed"].nunique()),
        "num_nulls": int(repeats.loc[repeats["is_null"], "variant"].nunique()),
        "not_judged": sorted(summary.loc[summary["null_sd"] == 0, "readout"].unique()),
    }


def _figures(facts: dict[str, Any]) -> dict[str, bytes]:
    """PNG files by the name that the template calls them; fills in the film's frames."""
    figures = {
        name: _file(stage_name, key)
        for name, stage_name, key in (
            ("contact_sheet", "prepare", "contact_sheet"),
            ("samples", "evaluate", "samples"),
            ("neighbours", "evaluate", "neighbours"),
            ("importance", "importance", "importance"),
            ("gradcam_d_real", "gradcam", "d_real"),
            ("gradcam_d_fake", "gradcam", "d_fake"),
            ("gradcam_g_fake", "gradcam", "g_fake"),
            ("lime_d_real", "lime", "d_real"),
            ("lime_d_fake", "lime", "d_fake"),
        )
    }
    for row in facts["importance"]["rows"]:
        figures[f"variant_{row['variant']}"] = _file("variants", row["variant"])
    frames = sorted((REPORTS / "train" / "images").glob("samples_*.png"))
    for frame in frames[:: max(1, -(-len(frames) // _FILM_FRAMES))]:
        facts["film"].append(frame.stem)
        figures[frame.stem] = frame.read_bytes()
    classes = facts["classes"]
    figures["curves"] = _png(training_curves(pd.read_csv(REPORTS / "train" / CURVES)))
    figures["classes"] = _png(class_bars(classes["names"], classes["real"], classes["fake"]))
    return figures


def _file(stage_name: str, key: str) -> bytes:
    path: Path = image_path(REPORTS / stage_name, key)
    return path.read_bytes()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _summary(facts: dict[str, Any]) -> str:
    """A few lines for whoever looks at the run before the page."""
    quality, rows = facts["quality"], facts["importance"]["rows"]
    out = [f"`{row['variant']}`" for row in rows if row["stands_out"]]
    within = [f"`{row['variant']}`" for row in rows if not row["stands_out"]]
    lines = [
        f"# {facts['title']}",
        "",
        f"- data: {facts['data']['origin']}",
        f"- training images: {facts['data']['train']['num_images']}",
        f"- fcd@{quality['count']}: {quality['fcd']:.3g} (real/real: {quality['floor']:.3g})",
        f"- classes found: {quality['classes_found']} of {len(facts['classes']['names'])}",
        f"- features that stand out: {', '.join(out) or 'none'}",
        f"- within the noise of retraining: {', '.join(within) or 'none'}",
        f"- LIME, mean R²: {facts['lime']['mean_r2_d_real']:.2f} on reals, "
        f"{facts['lime']['mean_r2_d_fake']:.2f} on fakes",
        f"- images refused: {facts['data']['num_quarantined']}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    stage.run(main, "report")
