"""How the training went."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from ganatomy.files import read_json
from ganatomy.gan.training_guards import RULES
from ganatomy.metrics.discriminator.level import logits_have_level
from ganatomy.report.figures.film import film
from ganatomy.report.figures.training_curves import training_curves
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.training import training

_NUM_STILLS = 5
_FRAME_SCALE = 2  # of the contact sheets: pixels are blocks of 2 by 2


SETTINGS = "settings.json"


@dataclass(frozen=True)
class _TrainResult:
    metrics: Record
    settings: Record
    points: pd.DataFrame
    findings: list[Record]
    frames: tuple[Path, ...]  # of the live pictures, first to last


def _load(folder: Path) -> _TrainResult:
    frames = sorted((folder / "images").glob("samples_*.png"), key=_number)
    return _TrainResult(
        read_json(folder / "metrics.json"),
        read_json(folder / SETTINGS),
        pd.read_csv(folder / "curves.csv"),
        read_json(folder / "guards.json"),
        tuple(frames),
    )


def has_level(settings: Record) -> bool:
    """Say whether the sign of D's logit means anything after a training with these settings."""
    return logits_have_level(settings["method"]["loss"])


def _number(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])  # samples_100 comes after samples_99


def _facts(result: _TrainResult) -> Record:
    points = result.points
    steps = sorted(points.loc[points["name"] == "train/diversity", "step"].unique().tolist())
    stills = [{"name": result.frames[k].stem, "step": steps[k]} for k in _chosen(result)]
    return {
        "train": result.metrics,
        "settings": result.settings,
        "has_level": has_level(result.settings),
        "guards": _guards(result.findings),
        "stills": stills,
    }


def _guards(findings: list[Record]) -> list[Record]:
    """Each rule with the findings that it led to."""
    return [
        {
            "name": name.replace("_", "-"),
            "rule": rule,
            "findings": [finding["text"] for finding in findings if finding["guard"] == name],
        }
        for name, rule in RULES.items()
    ]


def _chosen(result: _TrainResult) -> list[int]:
    count = len(result.frames)
    places = np.linspace(0, count - 1, min(_NUM_STILLS, count)).round()
    return [int(place) for place in places]


def _figures(result: _TrainResult) -> dict[str, Figure]:
    curves = png(training_curves(result.points, result.metrics["published_step"]))
    stills = [result.frames[k] for k in _chosen(result)]
    return {
        "curves": curves,
        "film": lambda: film([_pixels(path) for path in result.frames], _FRAME_SCALE),
        **{path.stem: path.read_bytes() for path in stills},
    }


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def _alarms(result: _TrainResult) -> list[str]:
    return [text for guard in _guards(result.findings) for text in guard["findings"]]


def _summary(result: _TrainResult) -> list[str]:
    return [f"published: step {result.metrics['published_step']} of {result.metrics['num_steps']}"]


def _clauses(result: _TrainResult, gate: Gate) -> list[Clause]:
    points = result.points
    diversity = points[points["name"] == "train/diversity"]
    until = diversity[diversity["step"] <= result.metrics["published_step"]]
    differ = None if until.empty else float(until["value"].iloc[-1])
    return [training(result.metrics, result.findings, differ, gate)]


SECTION = PageSection(
    name="train",
    place=60,
    blocks=(Block("training", "Training", "training", Path(__file__).with_name("train.html")),),
    load=_load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=_summary,
    clauses=_clauses,
)
