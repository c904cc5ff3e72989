"""The data that all was learned from."""

from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.data.images import contact_sheet
from ganatomy.data.shape import size_words
from ganatomy.data.value_words import sentences_on
from ganatomy.files import read_json
from ganatomy.report.figures.class_bars import class_counts
from ganatomy.report.sections.data_words import finding_of_classes, finding_of_data, is_drawn
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.tables import read_table
from ganatomy.tensors import read_tensors
from ganatomy.wording import counted

_COLUMNS = 20


@dataclass(frozen=True)
class _PrepareResult:
    card: Record
    quarantine: list[Record]
    shown: torch.Tensor


def _load(folder: Path) -> _PrepareResult:
    return _PrepareResult(
        read_json(folder / "card.json"),
        rows_of(read_table(folder / "quarantine.csv", ("file", "reason"))),
        read_tensors(folder / "shown.safetensors")["train"],
    )


def _facts(result: _PrepareResult) -> Record:
    card = result.card
    return {
        "data": {
            **card,
            "finding": finding_of_data(card),
            "balance": finding_of_classes(card["train"]["class_counts"]),
            "said_of_values": sentences_on(card["values"]) if "values" in card else [],
        },
        "quarantine": result.quarantine,
    }


def _figures(result: _PrepareResult) -> dict[str, Figure]:
    train = result.card["train"]
    count = len(result.shown)
    figures: dict[str, Figure] = {
        "contact_sheet": Picture(
            lambda: png(contact_sheet(result.shown, _COLUMNS)),
            f"{count:,} of the {counted(train['num_images'], 'training image')}.",
            "As the networks see them, resized; nobody chose them.",
            source="prepare/shown.safetensors",
            kind="pixels",
            mark=None,
        )
    }
    if is_drawn(train["class_counts"]):
        figures["balance"] = Picture(
            lambda: png(class_counts(train["class_counts"])),
            finding_of_classes(train["class_counts"]),
            "How many training images each class has, the most frequent one first.",
            source="prepare/card.json",
            narrow=True,
        )
    return figures


def _lead(result: _PrepareResult) -> list[str]:
    train = result.card["train"]
    size = train["image_size"]
    return [
        result.card["origin"],
        f"{counted(train['num_images'], 'training image')} of {size_words(size)}",
    ]


def _summary(result: _PrepareResult) -> list[str]:
    return [f"images refused: {result.card['num_quarantined']}"]


_HERE = Path(__file__)
SECTION = PageSection(
    name="prepare",
    place=70,
    blocks=(
        Block("data", "Data", "data", _HERE.with_name("prepare.html")),
        Block("data-details", "Data: details", "appendix", _HERE.with_name("data_details.html")),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
    lead=_lead,
    summary=_summary,
)
