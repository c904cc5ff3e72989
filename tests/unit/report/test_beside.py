"""A page never grows larger than its limit: what has no room is a file beside it, and named."""

import hashlib
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from ganatomy.errors import InputError
from ganatomy.report import page
from ganatomy.report.beside import LEAST_BYTES, Beside, Weight, to_leave_out
from ganatomy.report.figures.film import film
from ganatomy.report.page import MAX_BYTES, PageFrame, render_page
from ganatomy.report.parts import Part, fill
from ganatomy.report.sections.page_section import Block, PageSection, Picture, png
from tasks.report.writing import write_figures
from tasks.shared.results import IMAGES
from tests.pages import unexplained

FILE = re.compile(
    r"Too large for this page. It is in the file <code>([^<]+)</code>, whose SHA-256 is "
    r"<code>([0-9a-f]{64})</code>\."
)
FRAME = PageFrame("A title")
LIMIT = MAX_BYTES // 10


def _noise(megabytes: float, seed: int = 0) -> bytes:
    """A picture that takes so much of a page: noise, written in base64."""
    side = round((megabytes * 1e6 * 3 / 4 / 3) ** 0.5)
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return png(noise)


@pytest.fixture(autouse=True)
def _a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and pictures of a tenth of the size, which takes a tenth of the time."""
    monkeypatch.setattr(page, "MAX_BYTES", LIMIT)


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    """0.6, 0.3 and 0.25 MB of the page."""
    large = {"six": 0.6, "three": 0.3, "two": 0.25}
    return {name: _noise(size, seed) for seed, (name, size) in enumerate(large.items())}


def _part(
    folder: Path, pictures: dict[str, bytes], chapters: dict[str, str], section: str = "one"
) -> Part:
    """A section that shows each picture in a chapter; a picture's film where it is one."""
    blocks = []
    for chapter in dict.fromkeys(chapters.values()):
        names = [name for name, its in chapters.items() if its == chapter]
        template = folder / f"{section}_{chapter}.html"
        shown = "".join(f"{{{{ picture('{name}') }}}}" for name in names)
        template.write_text(f'<section id="{{{{ block.anchor }}}}">{shown}</section>')
        blocks.append(Block(f"{section}-{chapter}", chapter, chapter, template))  # type: ignore[arg-type]
    told = {
        name: Picture(
            content,
            title=f"{name} <rises>",
            caption=f"What {name} shows.",
            kind="film" if content.startswith(b"GIF8") else "chart",
        )
        for name, content in pictures.items()
    }
    made: PageSection[str] = PageSection(
        name=section,
        place=1,
        blocks=tuple(blocks),
        load=Path.read_text,
        facts=lambda words: {},
        figures=lambda words: told,  # type: ignore[arg-type, return-value]
    )
    return fill(made, "")


def _rendered(parts: list[Part], folder: str = "figures") -> tuple[str, Beside]:
    beside = Beside(folder)
    html = render_page(FRAME, parts, beside=beside)
    assert len(html.encode()) <= page.MAX_BYTES
    return unexplained(html), beside


def _left_out(beside: Beside) -> set[str]:
    return {name for _, name in beside.files}


def test_a_page_has_at_most_ten_million_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MAX_BYTES", MAX_BYTES)
    assert MAX_BYTES == 10_000_000
    planted = {"huge": _noise(10.5), "small": png(np.eye(9, dtype=np.uint8))}
    html, beside = _rendered([_part(tmp_path, planted, {"huge": "looks", "small": "appendix"})])
    assert _left_out(beside) == {"huge"}
    assert html.count("<img") == 1


ALL_LOOKS = {"six": "looks", "three": "looks", "two": "looks"}


@pytest.mark.parametrize(
    ("chapters", "goes"),
    [
        (ALL_LOOKS, {"six"}),  # the largest
        ({**ALL_LOOKS, "three": "appendix", "two": "appendix"}, {"three"}),  # before a larger one
        ({**ALL_LOOKS, "two": "appendix"}, {"two"}),  # though it is the smallest
        (dict.fromkeys(ALL_LOOKS, "appendix"), {"six"}),
    ],
)
def test_what_is_too_much_goes_the_appendix_first(
    tmp_path: Path, pictures: dict[str, bytes], chapters: dict[str, str], goes: set[str]
) -> None:
    html, beside = _rendered([_part(tmp_path, pictures, chapters)], "report/images")
    assert _left_out(beside) == goes
    (name,) = goes
    ((path, digest),) = FILE.findall(html)
    assert path == f"report/images/one/{name}.png"
    assert digest == hashlib.sha256(pictures[name]).hexdigest()
    figure = html.partition(f'<figure id="figure-one-{name}"')[2].partition("</figure>")[0]
    assert f"{name} &lt;rises&gt;" in figure
    assert f"What {name} shows." in figure
    assert "<img" not in figure
    assert html.count("<img") == 2  # the others are there
    assert "This page has no room for 1 of its pictures" in html.partition("<section")[0]


def test_pictures_go_until_the_page_is_small_enough(
    tmp_path: Path, pictures: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MAX_BYTES", 500_000)
    chapters = {"six": "looks", "three": "appendix", "two": "appendix"}
    parts = [_part(tmp_path, pictures, chapters)]
    html, beside = _rendered(parts)
    assert _left_out(beside) == set(pictures)  # all of the appendix was not enough
    assert len(FILE.findall(html)) == 3
    monkeypatch.setattr(page, "MAX_BYTES", 900_000)
    assert _left_out(_rendered(parts)[1]) == {"three"}


def test_where_all_fits_nothing_is_left_out_nor_written(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    fitting = {name: pictures[name] for name in ("six", "three")}
    part = _part(tmp_path, fitting, {"six": "looks", "three": "appendix"})
    html, beside = _rendered([part])
    assert html == unexplained(render_page(FRAME, [part]))
    assert not beside.files
    assert "no room" not in html
    beside.write(tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_what_stands_in_another_chapter_too_is_not_the_appendixs(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    part = _part(tmp_path, pictures, {"six": "looks", "three": "looks", "two": "appendix"})
    again = tmp_path / "again.html"
    again.write_text('<section id="{{ block.anchor }}">{{ picture("two") }}</section>')
    blocks = (*part.section.blocks, Block("again", "Again", "data", again))
    twice = PageSection(**{**vars(part.section), "blocks": blocks})
    html, beside = _rendered([fill(twice, "")])
    assert _left_out(beside) == {"six"}
    assert html.count("<img") == 3


def test_the_files_are_there_under_the_names_that_the_page_gives(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    moving = film(
        [np.random.default_rng(k).integers(0, 256, (500, 500, 3), np.uint8) for k in (0, 1)]
    )
    odd = {"Äpfel & <b>": moving, "six": pictures["six"]}
    told = _part(tmp_path, odd, {"six": "looks"}).section
    template = tmp_path / "odd.html"
    template.write_text(
        '<section id="{{ block.anchor }}">{% for name in figures | sort %}'
        "{{ picture(name) }}{% endfor %}</section>"
    )
    made = PageSection(**{**vars(told), "blocks": (Block("one", "One", "looks", template),)})
    beside = Beside.of(tmp_path / "maps of <me>.html")
    html = unexplained(render_page(FRAME, [fill(made, "")], beside=beside))
    beside.write(tmp_path)
    named = [(unescape(path), digest) for path, digest in FILE.findall(html)]
    assert named
    for path, digest in named:
        assert path.startswith("maps of <me>-figures/one/")
        assert hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() == digest
    assert "maps of <me>" not in html


def test_a_section_without_a_template_can_leave_out_its_pictures_too(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    told = _part(tmp_path, pictures, {"six": "looks"}).section
    facts = {"verdict": "So.", "captions": {name: f"About {name}" for name in pictures}}
    own = {**vars(told), "blocks": (Block("one", "One", "looks"),), "facts": lambda words: facts}
    html, beside = _rendered([fill(PageSection(**own), "")])
    assert _left_out(beside) == {"six"}
    assert [path for path, _ in FILE.findall(html)] == ["figures/one/six.png"]
    assert "<figcaption>About six</figcaption>" in html
    assert html.count("<img") == 2


def test_without_a_folder_beside_it_a_page_is_not_made(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    part = _part(tmp_path, pictures, ALL_LOOKS)
    with pytest.raises(InputError, match=f"at most {LIMIT} are allowed"):
        render_page(FRAME, [part])


def test_texts_alone_that_are_too_large_are_one_sentence(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    part = _part(tmp_path, {"two": pictures["two"]}, {"two": "looks"})
    with pytest.raises(InputError) as error:
        render_page(PageFrame("A title", ["x" * LIMIT]), [part], beside=Beside("figures"))
    assert re.fullmatch(
        r"it has 1\d{6} bytes, at most 1000000 are allowed \[the page\]\. Show less .*\.",
        str(error.value),
    )
    assert "\n" not in str(error.value)


def test_what_is_as_short_as_what_would_be_said_stays(tmp_path: Path) -> None:
    tiny = {"tiny": png(np.zeros((2, 2, 3), np.uint8))}
    part = _part(tmp_path, tiny, {"tiny": "appendix"})
    frame = PageFrame("A title", ["x" * (LIMIT - LEAST_BYTES)])
    beside = Beside("figures")
    with pytest.raises(InputError):
        render_page(frame, [part], beside=beside)
    assert not beside.files


def test_as_few_go_as_are_enough() -> None:
    weights = [Weight(("s", str(n)), n, n % 2 == 0) for n in range(1, 7)]
    names = [
        sorted(int(name) for _, name in to_leave_out(weights, excess))
        for excess in (-1, 0, 1, 6, 7, 10, 12, 13, 17, 18, 99)
    ]
    assert names[:2] == [[], []]
    assert names[2:4] == [[6], [6]]
    assert names[4:6] == [[4, 6], [4, 6]]
    assert names[6] == [2, 4, 6]
    assert names[7:9] == [[2, 4, 5, 6], [2, 4, 5, 6]]
    assert names[9] == [2, 3, 4, 5, 6]
    assert names[10] == [1, 2, 3, 4, 5, 6]


def test_the_name_on_the_page_is_that_of_the_stages_file(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    part = _part(tmp_path, {**pictures, "Äpfel": pictures["two"]}, {**ALL_LOOKS, "Äpfel": "looks"})
    html, beside = _rendered([part], f"report/{IMAGES}")
    write_figures(tmp_path / "report", [part])
    named = [(unescape(path), digest) for path, digest in FILE.findall(html)]
    assert len(named) == len(beside.files)
    for path, digest in named:
        assert hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() == digest
