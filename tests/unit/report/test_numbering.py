"""Figures are numbered through; a film starts on a picture; each says what it is drawn from."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.report.figures.canvas import is_narrow
from ganatomy.report.figures.film import film
from ganatomy.report.image_file import last_picture, num_pictures, size_of
from ganatomy.report.numbering import LEGIBLE, WIDE_PX, Numbering
from ganatomy.report.parts import Part, fill
from ganatomy.report.sections.page_section import Block, PageSection, Picture, png

RED, BLUE = (np.full((4, 6, 3), colour, np.uint8) for colour in ((250, 0, 0), (0, 0, 250)))


def _part(told: Picture, narrow: bytes | None = None) -> Part:
    section: PageSection[str] = PageSection(
        name="first",
        place=1,
        blocks=(Block("first", "First", "looks"),),
        load=Path.read_text,
        facts=lambda words: {},
        figures=lambda words: {},
    )
    narrowed = {} if narrow is None else {"one": narrow}
    return Part(section, {}, {"one": told.drawn()}, [], [], [], {"one": told}, narrow=narrowed)


def _colour(address: str) -> tuple[int, ...]:
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as image:
        pixel = image.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


def test_a_film_starts_on_its_last_picture_and_plays_for_who_asks() -> None:
    content = film([RED, BLUE // 2, BLUE])
    assert num_pictures(content) == 3
    html = Numbering().figure(_part(Picture(content, title="It turns", kind="film")), "one")
    still, moving = re.findall(r'<img src="([^"]+)"', html)
    assert still.startswith("data:image/webp")
    assert _colour(still)[2] > 200 > 50 > _colour(still)[0]
    assert base64.b64decode(moving.partition(",")[2]) == content
    before, _, folded = html.partition('<details class="film">')
    assert still in before
    assert moving in folded.partition("</details>")[0]
    assert "Play the film of 3 pictures" in folded
    assert html.count('alt="It turns"') == 2


def test_a_picture_that_does_not_move_is_no_film() -> None:
    with pytest.raises(ValueError, match="a film is a GIF file"):
        Numbering().figure(_part(Picture(png(RED), title="still", kind="film")), "one")


@pytest.mark.parametrize(
    ("width", "kind", "scale"),
    [(WIDE_PX + 1, "pixels", LEGIBLE), (200, "pixels", 1.0), (200, "chart", LEGIBLE)],
)
def test_what_has_text_in_it_says_how_large_it_is_legible(
    width: int, kind: str, scale: float
) -> None:
    content = png(np.zeros((100, width), np.uint8))
    assert size_of(content) == (width, 100)
    html = Numbering().figure(_part(Picture(content, title="x", kind=kind)), "one")  # type: ignore[arg-type]
    assert f'width="{round(scale * width)}" height="{round(scale * 100)}"' in html
    assert ("wide" in html.partition(">")[0]) == (width > WIDE_PX)


def test_a_narrow_screen_has_a_drawing_of_its_own() -> None:
    html = Numbering().figure(_part(Picture(png(RED), title="x"), png(BLUE)), "one")
    ((media, narrow),) = re.findall(r'<source media="([^"]+)" srcset="([^"]+)">', html)
    assert media == "(max-width: 700px)"
    assert _colour(narrow) == (0, 0, 250)
    assert _colour(re.findall(r'<img src="([^"]+)"', html)[0]) == (250, 0, 0)


def test_numbers_run_on_and_ids_are_unique() -> None:
    figures, part = Numbering(), _part(Picture(png(RED), title="x"))
    html = "".join(figures.figure(part, "one") for _ in range(3))
    assert re.findall(r"<b>Figure (\d)\.", html) == ["1", "2", "3"]
    anchors = re.findall(r'<figure id="([^"]+)"', html)
    assert anchors == [each.anchor for each in figures.shown]
    assert len(set(anchors)) == 3


def test_the_last_picture_of_a_still_is_itself() -> None:
    assert size_of(last_picture(film([RED]))) == (6, 4)
    assert size_of(b"png of something") is None


def test_a_chart_knows_for_which_screen_it_is_drawn() -> None:
    told = Picture(lambda: png(BLUE if is_narrow() else RED), title="x", narrow=True)
    other = Picture(lambda: png(RED), title="x")
    section = _part(told).section
    own = PageSection(**{**vars(section), "figures": lambda words: {"one": told, "two": other}})
    part = fill(own, "")
    assert part.figures == {"one": png(RED), "two": png(RED)}
    assert part.narrow == {"one": png(BLUE)}
    assert not is_narrow()
