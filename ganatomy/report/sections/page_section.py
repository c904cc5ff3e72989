"""What a section of the page is, and how the sections are found."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from ganatomy.imports import every_module
from ganatomy.marking import Mark, marked
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.tables import plain_text

Record = dict[str, Any]
Draw = bytes | Callable[[], bytes]  # a PNG or GIF file, or what draws it
Result = TypeVar("Result")
CHAPTERS = {
    "gan": "The GAN",
    "data": "The data",
    "training": "Training",
    "quality": "Quality and copying",
    "discriminator": "The discriminator",
    "features": "Which features matter",
    "looks": "Where they look",
    "trust": "How far to trust",
    "provenance": "Provenance",
    "appendix": "Appendix",
}
"""What the page answers below its head, in its order, with the words for it."""
SAMPLES = "first_samples"
"""The picture of the first generated images, which stands beside the verdict."""
PLAIN = Path(__file__).with_name("plain.html")


def _none(_result: Any) -> list[str]:
    return []


def _no_answer(_result: Any, _gate: Gate) -> list[Clause]:
    return []


@dataclass(frozen=True)
class Picture:
    """A figure of the page with all that is said about it.

    Parameters
    ----------
    draw : bytes or callable
        A PNG or GIF file, or what draws it.
    title : str
        What it shows, as a finding.
    caption : str
        What one sees, so that nobody needs the text around it.
    alt : str
        The finding, for whoever cannot see it; the title by default.
    source : str
        The file it is drawn from, below the folder of reports: ``"evaluate/fidelity.csv"``.
    kind : {"chart", "pixels", "film"}
        Drawn in ink on white, images of the data's kind, or moving. A film is a GIF file: the page
        shows its last picture, and plays it for whoever asks for that.
    key, step : str, int
        Where a record of the run keeps it: pictures of one key are shown there as one, step by
        step of the training. Under its own name by default.
    mark : Mark, optional
        What its file says for machines where it shows images that a generator made.
    narrow : bool
        Whether it is drawn once more for screens as narrow as a telephone's, within
        `ganatomy.report.figures.canvas.narrow`.
    """

    draw: Draw
    title: str = ""
    caption: str = ""
    alt: str = ""
    source: str = ""
    kind: Literal["chart", "pixels", "film"] = "chart"
    key: str = ""
    step: int = 0
    mark: Mark | None = None
    narrow: bool = False

    def drawn(self, generator: str = "") -> bytes:
        """Give the file's bytes, marked as the work of the generator of that digest."""
        content = self.draw() if callable(self.draw) else self.draw
        return content if self.mark is None else marked(content, self.mark.by(generator))


Figure = Picture | Draw  # what has no words yet is shown without


@dataclass(frozen=True)
class Block:
    """A part of a section that stands in one chapter of the page.

    Parameters
    ----------
    anchor : str
        The id of its element.
    title : str
        Its words in the page's navigation.
    chapter : str
        One of `CHAPTERS`.
    template : Path
        A Jinja template: everything from ``<section id=...>`` to ``</section>``. It is given the
        section's facts, ``picture(name)`` for a numbered figure, ``figure(name)`` for the source
        of a picture and ``figures``, their names. Without one of its own a block shows the facts
        ``verdict``, a text, and ``captions``, the words for each picture by its name.
    """

    anchor: str
    title: str
    chapter: str
    template: Path = PLAIN


@dataclass(frozen=True)
class PageSection(Generic[Result]):
    """A stage's section of the page: pure functions of the result that was loaded.

    A module of ``ganatomy.report.sections`` that has one as ``SECTION`` is on the page.

    Parameters
    ----------
    name : str
        The stage's name.
    place : int
        Within a chapter, blocks are sorted by it.
    blocks : tuple of Block
        What the section says where. The title of the first one is the section's.
    load : callable
        The stage's folder in reports/ to its result.
    facts : callable
        The result to plain values: text, numbers, lists and mappings of them.
    figures : callable
        The result to pictures by name.
    alarms : callable
        The result to sentences that must not be overlooked: they stand at the page's head.
    summary : callable
        The result to lines of Markdown for whoever looks at the run before the page.
    lead : callable
        The result to words for the line below the page's title.
    clauses : callable
        The result and the gate's thresholds to the section's part of the verdict.
    of_adopted : bool
        Whether the page of a GAN that was trained elsewhere begins with what it found, where there
        is no verdict; where it was not run, nobody misses it.
    folder : str
        Where its result lies below the folder of reports; that of its name by default.
    """

    name: str
    place: int
    blocks: tuple[Block, ...]
    load: Callable[[Path], Result]
    facts: Callable[[Result], Record]
    figures: Callable[[Result], dict[str, Figure]]
    alarms: Callable[[Result], list[str]] = _none
    summary: Callable[[Result], list[str]] = _none
    lead: Callable[[Result], list[str]] = _none
    clauses: Callable[[Result, Gate], list[Clause]] = _no_answer
    of_adopted: bool = False
    folder: str = ""

    @property
    def stage(self) -> str:
        """The stage whose folder has its result."""
        return (self.folder or self.name).partition("/")[0]

    @property
    def title(self) -> str:
        """The words that name the section."""
        return self.blocks[0].title


def all_sections() -> list[PageSection[Any]]:
    """Find the sections in the order of the page."""
    modules = every_module("ganatomy.report.sections")
    sections = [module.SECTION for module in modules if hasattr(module, "SECTION")]
    return sorted(sections, key=lambda section: (section.place, section.name))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode an image of shape (height, width) or (height, width, 3), uint8, as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def rows_of(table: pd.DataFrame) -> list[Record]:
    """Give the rows of a table as plain values, None where there is none."""
    known = table.astype(object).where(table.notna(), None)
    rows = known.to_dict("records")
    return [{str(name): plain_text(cell) for name, cell in row.items()} for row in rows]
