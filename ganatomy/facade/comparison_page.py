"""A comparison of two GANs as a page of its own."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.data.images import contact_sheet
from ganatomy.importance.comparison import LOWER_IS_BETTER, Comparison
from ganatomy.importance.readouts import READOUTS
from ganatomy.marking import GENERATED, of_others
from ganatomy.report.beside import Beside
from ganatomy.report.figures.difference_chart import difference_chart
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import fill
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)

_COLUMNS = 16
_SIDE = 48  # small images are enlarged to about so many pixels
_TITLES = {name: readout.title for name, readout in READOUTS.items()}


def comparison_page(
    comparison: Comparison, title: str = "", *, beside: Beside | None = None
) -> str:
    """Render a comparison as one self-contained page of HTML.

    Parameters
    ----------
    comparison : Comparison
    title : str
        By default the names of both.
    beside : Beside, optional
        Takes the pictures for which the page has no room; the caller writes them.
    """
    facts = comparison.facts
    frame = PageFrame(title or f"{facts.name_a} and {facts.name_b}")
    return render_page(frame, [fill(COMPARISON, comparison)], beside=beside)


def _facts(comparison: Comparison) -> Record:
    facts, found = comparison.facts, set(comparison.found()["readout"])
    rows = [
        {
            **row,
            "found": row["readout"] in found,
            "meaning": READOUTS[str(row["readout"])].meaning,
        }
        for row in rows_of(comparison.table)
    ]
    return {
        "words": list(comparison.sentences()),
        "rows": rows,
        "count": facts.count,
        "a": facts.name_a,
        "b": facts.name_b,
        "is_paired": facts.is_paired,
        "kernel_p": facts.kernel_p,
    }


def _figures(comparison: Comparison) -> dict[str, Figure]:
    figures: dict[str, Figure] = {
        name: Picture(
            png(contact_sheet(images, _COLUMNS, scale=max(1, _SIDE // images.shape[-1]))),
            mark=of_others(GENERATED),
        )
        for name, images in (("a", comparison.samples_a), ("b", comparison.samples_b))
    }
    if len(comparison.table):
        figures["differences"] = lambda: png(_chart(comparison))
    return figures


def _chart(comparison: Comparison) -> NDArray[np.uint8]:
    table, facts = comparison.table, comparison.facts
    found = set(comparison.found()["readout"])
    turn = np.where(table["readout"].isin(LOWER_IS_BETTER), -1.0, 1.0)
    ends = np.stack([table["low"] * turn, table["high"] * turn])
    by_sampling = (table["high"] - table["low"]) / 2
    knows = comparison.knows_noise()
    rows = pd.DataFrame(
        {
            "readout": table["readout"],
            "towards": table["difference"] * turn,
            "low": ends.min(0),
            "high": ends.max(0),
            "noise": table["band"] if knows else by_sampling,
            "found": table["readout"].isin(found),
        }
    )
    unit = (
        "what 95 of 100 pairs of trainings of one kind differ by"
        if knows
        else "what sampling alone does in 95 of 100 cases"
    )
    names = (facts.name_a, facts.name_b)
    return difference_chart(rows, _TITLES, names=names, unit=unit)


COMPARISON: PageSection[Comparison] = PageSection(
    name="comparison",
    place=0,
    blocks=(
        Block(
            "comparison",
            "Is the difference real?",
            "quality",
            Path(__file__).with_name("comparison_section.html"),
        ),
    ),
    load=Comparison.load,
    facts=_facts,
    figures=_figures,
)
