"""What D's activations are made of: concepts as crops of images, with their worth to its logit."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from ganatomy.explain.craft.result import FOLDER, DiscriminatorConcepts
from ganatomy.marking import MIXED
from ganatomy.report.figures.rule_examples import rule_examples
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.wording import opened, percent, signed

_AMOUNT = "{:.2f}".format


def _facts(study: DiscriminatorConcepts) -> Record:
    rows = rows_of(study.table)
    for row in rows:
        row["share"] = _told(row["importance"], percent)
        row["interval"] = f"{signed(row['low'])} to {signed(row['high'])}"
        row["real"], row["fake"] = (_told(row[name], _AMOUNT) for name in ("on_real", "on_fake"))
    return {
        "made_of": {
            "verdict": study.verdict(),
            "rows": rows,
            "layer": study.layer,
            "num_images": study.num_images,
        }
    }


def _figures(study: DiscriminatorConcepts) -> dict[str, Figure]:
    return {
        f"concept_{place:02d}": Picture(
            partial(_row, study.crops[place - 1]),
            _title(study, place),
            f"Where images have most of it, each of another image; {_share(study, place)}.",
            source=f"{FOLDER}/concepts.safetensors",
            kind="pixels",
            key="concepts",
            step=place,
            mark=MIXED,
            narrow=True,
        )
        for place in study.standing_out or [1]
    }


def _title(study: DiscriminatorConcepts, place: int) -> str:
    if place in study.standing_out:
        return opened(study.said(place))
    return f"Concept {place}, the most important one, counts no more than random directions do"


def _row(crops: torch.Tensor) -> bytes:
    return png(rule_examples([("places that have most of it", crops)], are_pairs=True))


def _told(value: float | None, words: Callable[[float], str]) -> str:
    return "–" if value is None or value != value else words(value)


def _share(study: DiscriminatorConcepts, place: int) -> str:
    importance = float(study.table["importance"].iloc[place - 1])
    if math.isnan(importance):
        return "what share of the logit hangs on it was not measured"
    return f"{percent(importance)} of what the concepts do to the logit hangs on it"


def _summary(study: DiscriminatorConcepts) -> list[str]:
    return [study.verdict()]


SECTION = PageSection(
    name="concepts",
    place=27,
    blocks=(
        Block(
            "concepts",
            "What are D's activations made of?",
            "looks",
            Path(__file__).with_name("concepts.html"),
        ),
    ),
    load=DiscriminatorConcepts.load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
    of_adopted=True,
    folder=FOLDER,
)
