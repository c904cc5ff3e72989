"""The section of a training that is still at work: its newest images, its curves so far."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ganatomy.marking import GENERATED, of_others
from ganatomy.report.figures.training_curves import training_curves
from ganatomy.report.parts import Part, fill
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
)


@dataclass(frozen=True)
class LiveTraining:
    """A training so far, as it has told.

    Attributes
    ----------
    step : int
        That the picture is of.
    picture : Path
        A PNG file of generated images.
    points : DataFrame
        Columns step, name, value.
    done : (int, int), optional
        Training images shown to D so far, and in all.
    """

    step: int
    picture: Path
    points: pd.DataFrame
    done: tuple[int, int] | None = None


def live_part(training: LiveTraining) -> Part:
    """Fill the section of the page that stands where the training's own will."""
    return fill(_SECTION, training)


def _no_folder(folder: Path) -> LiveTraining:
    raise NotImplementedError(folder)  # a training at work has left nothing to be read


def _facts(training: LiveTraining) -> Record:
    return {"step": training.step, "done": training.done}


def _figures(training: LiveTraining) -> dict[str, Figure]:
    found: dict[str, Figure] = {
        "samples": Picture(
            training.picture.read_bytes(),
            title=f"Images that G makes after {training.step:,} steps",
            caption="From the same latents at every look; by the moving average of G's weights.",
            alt=f"64 generated images after {training.step:,} steps of training",
            kind="pixels",
            mark=of_others(GENERATED),
        )
    }
    if len(training.points):
        found["curves"] = Picture(
            png(training_curves(training.points)),
            title="How the training goes so far",
            caption="Over its steps. The distance to training images (fcd) is measured at each "
            "look; the smaller the better.",
            alt="Losses, logits, accuracies, gradients, fcd and diversity of the training so far",
        )
    return found


_SECTION = PageSection(
    name="train",
    place=60,
    blocks=(
        Block(
            "training",
            "Training so far",
            "training",
            Path(__file__).with_name("live_training.html"),
        ),
    ),
    load=_no_folder,
    facts=_facts,
    figures=_figures,
)
