"""The figures of a page: numbered through, each with an id, what is said of it, and its source."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ganatomy.report.environment import template_in
from ganatomy.report.image_file import data_url, is_film, last_picture, num_pictures, size_of
from ganatomy.report.parts import Part

FIGURE = Path(__file__).with_name("figure.html")
LEGIBLE = 0.74  # at so much of its size the smallest text of a chart, 6.5 points, has 10 pixels
WIDE_PX = 700  # what is wider has text in it: it is pushed sideways rather than shrunk


@dataclass(frozen=True)
class Shown:
    """A figure that stands on the page.

    Parameters
    ----------
    number : int
    anchor : str
        Its element's id.
    section, name : str
        Whose picture it is, and which.
    """

    number: int
    anchor: str
    section: str
    name: str


@dataclass
class Numbering:
    """Renders figures in the order in which they stand, and remembers them.

    Attributes
    ----------
    shown : list of Shown
    sources : dict of str to (str, list of Shown)
        The hash of each file that figures are drawn from, and those figures.
    """

    shown: list[Shown] = field(default_factory=list)
    sources: dict[str, tuple[str, list[Shown]]] = field(default_factory=dict)

    def figure(self, part: Part, name: str) -> Markup:
        """Render one picture of a part as a whole ``<figure>``."""
        told, content = part.picture(name), part.figures[name]
        digest = part.hashes.get(told.source, "")
        here = self._next(part.section.name, name)
        if digest:
            self.sources.setdefault(told.source, (digest, []))[1].append(here)
        return Markup(
            template_in(FIGURE).render(
                number=here.number,
                anchor=here.anchor,
                told=told,
                digest=digest,
                narrow=_address(part.narrow.get(name)),
                **(_film(content) if told.kind == "film" else _still(content, told.kind)),
            )
        )

    def _next(self, section: str, name: str) -> Shown:
        number, anchor = len(self.shown) + 1, f"figure-{section}-{name}"
        taken = {each.anchor for each in self.shown}
        anchor = f"{anchor}-{number}" if anchor in taken else anchor
        here = Shown(number, anchor, section, name)
        self.shown.append(here)
        return here


def _address(content: bytes | None) -> Markup | None:
    return None if content is None else data_url(content)


def _still(content: bytes, kind: str) -> dict[str, Any]:
    """The address of a picture, and the size at which it is legible on a narrow screen."""
    width, height = size_of(content) or (0, 0)
    is_wide = width > WIDE_PX
    scale = LEGIBLE if is_wide or kind == "chart" else 1.0
    size = (round(scale * width), round(scale * height))
    return {"src": data_url(content), "film": None, "size": size, "is_wide": is_wide}


def _film(content: bytes) -> dict[str, Any]:
    """The last picture of a film in its place, and the film beside it."""
    if not is_film(content):
        raise ValueError("a film is a GIF file")
    film = {"src": data_url(content), "num_pictures": num_pictures(content)}
    return {**_still(last_picture(content), "film"), "film": film}
