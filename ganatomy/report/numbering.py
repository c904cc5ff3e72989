"""The figures of a page: numbered through, each with an id, what is said of it, and its source."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ganatomy.report.beside import LEAST_BYTES, Beside, Key, PictureFile, Weight
from ganatomy.report.environment import template_in
from ganatomy.report.image_file import data_url, is_film, last_picture, num_pictures, size_of
from ganatomy.report.parts import Part

FIGURE = Path(__file__).with_name("figure.html")
LEGIBLE = 0.74  # at so much of its size the smallest text of a chart, 6.5 points, has 10 pixels
WIDE_PX = 700  # what is wider has text in it: it is pushed sideways rather than shrunk

_NOT_DRAWN = {"src": None, "film": None, "narrow": None, "size": (0, 0), "is_wide": False}


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

    Parameters
    ----------
    beside : Beside, optional
        The folder of the pictures that are named in place of being shown.
    left_out : collection of Key
        Those pictures.

    Attributes
    ----------
    shown : list of Shown
    sources : dict of str to (str, list of Shown)
        The hash of each file that figures are drawn from, and those figures.
    weights : dict of Key to Weight
        What each picture takes that could be left out, too.
    blocks : set of str
        The anchors of the blocks that say something.
    """

    beside: Beside | None = None
    left_out: Collection[Key] = ()
    shown: list[Shown] = field(default_factory=list)
    sources: dict[str, tuple[str, list[Shown]]] = field(default_factory=dict)
    weights: dict[Key, Weight] = field(default_factory=dict)
    blocks: set[str] = field(default_factory=set)

    def begin(self, beside: Beside | None, left_out: Collection[Key]) -> None:
        """Forget what stood on a page that is laid out anew, without the pictures left out."""
        self.beside, self.left_out = beside, left_out
        for remembered in (self.shown, self.sources, self.weights, self.blocks):
            remembered.clear()

    def figure(self, part: Part, name: str, chapter: str = "") -> Markup:
        """Render one picture of a part, in a chapter, as a whole ``<figure>``."""
        told, content = part.picture(name), part.figures[name]
        digest = part.hashes.get(told.source, "")
        here = self._next(part.section.name, name)
        if digest:
            self.sources.setdefault(told.source, (digest, []))[1].append(here)
        file = self._file(part, name)
        drawn = _NOT_DRAWN if file else _drawn(content, told.kind, part.narrow.get(name))
        self._weigh((part.section.name, name), drawn, chapter)
        return Markup(
            template_in(FIGURE).render(
                number=here.number,
                anchor=here.anchor,
                told=told,
                digest=digest,
                file=file,
                **drawn,
            )
        )

    def elsewhere(self, part: Part, name: str, chapter: str) -> PictureFile | None:
        """Say where a picture is that is left out, and let one be left out that is shown bare."""
        if (file := self._file(part, name)) is None:
            src = {"src": data_url(part.figures[name])}
            self._weigh((part.section.name, name), {**_NOT_DRAWN, **src}, chapter)
        return file

    def _file(self, part: Part, name: str) -> PictureFile | None:
        key = (part.section.name, name)
        if self.beside is None or key not in self.left_out:
            return None
        self.beside.files[key] = part.figures[name]
        return self.beside.file(key, part.figures[name])

    def _weigh(self, key: Key, drawn: dict[str, Any], chapter: str) -> None:
        """Remember what a picture takes; one that stands elsewhere, too, is not the appendix's."""
        addresses = (drawn["src"], drawn["narrow"], (drawn["film"] or {}).get("src"))
        num_bytes = sum(len(address or "") for address in addresses)
        if num_bytes >= LEAST_BYTES:
            before = self.weights.get(key, Weight(key, 0, True))
            is_appendix = before.is_appendix and chapter == "appendix"
            self.weights[key] = Weight(key, before.num_bytes + num_bytes, is_appendix)

    def _next(self, section: str, name: str) -> Shown:
        number, anchor = len(self.shown) + 1, f"figure-{section}-{name}"
        taken = {each.anchor for each in self.shown}
        anchor = f"{anchor}-{number}" if anchor in taken else anchor
        here = Shown(number, anchor, section, name)
        self.shown.append(here)
        return here


def _drawn(content: bytes, kind: str, narrow: bytes | None) -> dict[str, Any]:
    """A picture as its figure shows it: its addresses and its size."""
    drawn = _film(content) if kind == "film" else _still(content, kind)
    return {**drawn, "narrow": _address(narrow)}


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
