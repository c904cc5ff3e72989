"""What a section of the page is, and how the sections are found."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from ganatomy.imports import every_module
from ganatomy.tables import plain_text

Record = dict[str, Any]
Figure = bytes | Callable[[], bytes]  # a PNG or GIF file, or what draws it
Result = TypeVar("Result")
PLAIN = Path(__file__).with_name("plain.html")


def _none(_result: Any) -> list[str]:
    return []


@dataclass(frozen=True)
class PageSection(Generic[Result]):
    """A stage's section of the page: pure functions of the result that was loaded.

    A module of ``ganatomy.report.sections`` that has one as ``SECTION`` is on the page.

    Parameters
    ----------
    name : str
        The stage's name.
    place : int
        Sections are sorted by it.
    links : tuple of (str, str)
        Each anchor that the template has, with its words in the page's navigation. The words of
        the first one are the section's title.
    load : callable
        The stage's folder in reports/ to its result.
    facts : callable
        The result to plain values: text, numbers, lists and mappings of them.
    figures : callable
        The result to pictures by name. One that is a callable is drawn by calling it.
    template : Path
        A Jinja template: everything from ``<section id=...>`` to ``</section>``. It is given what
        `facts` returns, ``figure(name)`` for the source of a picture and ``figures``, their names.
        Without one of its own a section shows the facts ``verdict``, a text, and ``captions``, the
        words for each picture by its name.
    alarms : callable
        The result to sentences that must not be overlooked: they stand at the page's head.
    summary : callable
        The result to lines of Markdown for whoever looks at the run before the page.
    lead : callable
        The result to words for the line below the page's title.
    """

    name: str
    place: int
    links: tuple[tuple[str, str], ...]
    load: Callable[[Path], Result]
    facts: Callable[[Result], Record]
    figures: Callable[[Result], dict[str, Figure]]
    template: Path = PLAIN
    alarms: Callable[[Result], list[str]] = _none
    summary: Callable[[Result], list[str]] = _none
    lead: Callable[[Result], list[str]] = _none

    @property
    def title(self) -> str:
        """The words that name the section."""
        return self.links[0][1]


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
