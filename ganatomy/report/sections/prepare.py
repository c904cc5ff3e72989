"""The data that all was learned from."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ganatomy.files import read_json
from ganatomy.report.sections.section import Figure, Record, Section, drawn, rows_of


@dataclass(frozen=True)
class _Found:
    card: Record
    quarantine: list[Record]
    drawn: dict[str, Figure]


def _load(folder: Path) -> _Found:
    return _Found(
        read_json(folder / "card.json"),
        rows_of(pd.read_csv(folder / "quarantine.csv")),
        drawn(folder, "contact_sheet"),
    )


def _facts(found: _Found) -> Record:
    return {"data": found.card, "quarantine": found.quarantine}


def _figures(found: _Found) -> dict[str, Figure]:
    return found.drawn


def _lead(found: _Found) -> list[str]:
    train = found.card["train"]
    size = train["image_size"]
    return [
        found.card["origin"],
        f"{train['num_images']:,} training images of {size} × {size} px",
    ]


def _summary(found: _Found) -> list[str]:
    return [f"images refused: {found.card['num_quarantined']}"]


SECTION = Section(
    name="prepare",
    place=70,
    links=(("data", "Data"),),
    template=Path(__file__).with_name("prepare.html"),
    load=_load,
    facts=_facts,
    figures=_figures,
    lead=_lead,
    summary=_summary,
)
