"""How the training went."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from ganatomy.files import read_json
from ganatomy.gan.training_guards import RULES
from ganatomy.marking import GENERATED, of_others
from ganatomy.metrics.discriminator.level import logits_have_level
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.report.figures.film import film
from ganatomy.report.figures.film_strip import film_strip
from ganatomy.report.figures.training_curves import training_curves
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
)
from ganatomy.report.sections.training_words import (
    DISTANCE,
    finding_of_curves,
    finding_of_training,
)
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.training import training

_TITLE = "Did the training hold?"
_NUM_STILLS = 5
_FRAME_SCALE = 2  # of the contact sheets: pixels are blocks of 2 by 2
_FRAME_COLUMNS = 8  # images in a row of theirs
_OF_THE_LAST = "The file named is that of the last one."
SETTINGS = "settings.json"


@dataclass(frozen=True)
class _TrainResult:
    metrics: Record
    settings: Record
    points: pd.DataFrame
    findings: list[Record]
    frames: tuple[Path, ...]  # of the live pictures, first to last
    unmeasured: str = ""  # why the probes' distances say nothing


def _load(folder: Path) -> _TrainResult:
    frames = sorted((folder / "images").glob("samples_*.png"), key=_number)
    unmeasured = _unmeasured(folder.parent / "evaluate" / "evaluator.json")
    points = pd.read_csv(folder / "curves.csv")
    if unmeasured:
        points = points[~points["name"].str.startswith(DISTANCE)]
    return _TrainResult(
        read_json(folder / "metrics.json"),
        read_json(folder / SETTINGS),
        points,
        read_json(folder / "guards.json"),
        tuple(frames),
        unmeasured,
    )


def _unmeasured(path: Path) -> str:
    """Reason why distances in the evaluator's features say nothing, once it has been examined."""
    if not path.exists():
        return ""
    skill = EvaluatorSkill(**read_json(path))
    return "" if skill.is_enough else skill.in_words()


def has_level(settings: Record) -> bool:
    """Say whether the sign of D's logit means anything after a training with these settings."""
    return logits_have_level(settings["method"]["loss"])


def _number(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])  # samples_100 comes after samples_99


def _facts(result: _TrainResult) -> Record:
    return {
        "train": {
            **result.metrics,
            "held": not result.findings,
            "finding": finding_of_training(len(RULES), _alarms(result)),
        },
        "settings": result.settings,
        "guards": _guards(result.findings),
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


def _steps(result: _TrainResult) -> list[int]:
    """The steps of the frames."""
    points = result.points
    found = points.loc[points["name"] == "train/diversity", "step"].unique().tolist()
    return sorted(map(int, found))


def _figures(result: _TrainResult) -> dict[str, Figure]:
    published = result.metrics["published_step"]
    figures: dict[str, Figure] = {
        "curves": Picture(
            lambda: png(training_curves(result.points, published)),
            finding_of_curves(result.points, published, result.unmeasured),
            _about_curves(result),
            source="train/curves.csv",
            narrow=True,
        )
    }
    if not result.frames:
        return figures
    steps, count = _steps(result), len(result.frames)
    first, last = f"{steps[0]:,}", f"{steps[count - 1]:,}"
    last_frame = f"train/images/{result.frames[-1].name}"
    return {
        **figures,
        "stills": Picture(
            lambda: png(_strip(result)),
            f"From step {first} to step {last}: one latent in each column, one step in each row.",
            f"Made by the moving average of the generator at some probes. {_OF_THE_LAST}",
            source=last_frame,
            mark=of_others(GENERATED),
            narrow=True,
        ),
        "film": Picture(
            lambda: film([_pixels(path) for path in result.frames], _FRAME_SCALE),
            f"The same latents at all {count} probes, from step {first} to step {last}.",
            f"Each picture is one probe; the last one is held longest. {_OF_THE_LAST}",
            source=last_frame,
            kind="film",
            mark=of_others(GENERATED),
        ),
    }


def _about_curves(result: _TrainResult) -> str:
    said = (
        "Probes look at the moving average of the generator, at the same latents each time; their "
        "distance is to training images."
    )
    if not has_level(result.settings):
        said += " With this loss the level of D’s logits, and how often D is right, mean nothing."
    return said


def _strip(result: _TrainResult) -> np.ndarray:
    steps, chosen = _steps(result), _chosen(result)
    return film_strip(
        [_pixels(result.frames[k]) for k in chosen],
        [f"step {steps[k]:,}" for k in chosen],
        _FRAME_COLUMNS,
    )


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


_HERE = Path(__file__)
SECTION = PageSection(
    name="train",
    place=60,
    blocks=(
        Block("training", _TITLE, "training", _HERE.with_name("train.html")),
        Block(
            "training-details",
            "The training: details",
            "appendix",
            _HERE.with_name("training_details.html"),
        ),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=_summary,
    clauses=_clauses,
)
