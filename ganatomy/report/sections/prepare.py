"""The data that all was learned from."""

from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.data.images import contact_sheet
from ganatomy.files import read_json
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png, rows_of
from ganatomy.tables import read_table
from ganatomy.tensors import read_tensors

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
    return {"data": result.card, "quarantine": result.quarantine}


def _figures(result: _PrepareResult) -> dict[str, Figure]:
    return {"contact_sheet": lambda: png(contact_sheet(result.shown, _COLUMNS))}


def _lead(result: _PrepareResult) -> list[str]:
    train = result.card["train"]
    size = train["image_size"]
    return [
        result.card["origin"],
        f"{train['num_images']:,} training images of {size} × {size} px",
    ]


def _summary(result: _PrepareResult) -> list[str]:
    return [f"images refused: {result.card['num_quarantined']}"]


SECTION = PageSection(
    name="prepare",
    place=70,
    blocks=(Block("data", "Data", "data", Path(__file__).with_name("prepare.html")),),
    load=_load,
    facts=_facts,
    figures=_figures,
    lead=_lead,
    summary=_summary,
)
