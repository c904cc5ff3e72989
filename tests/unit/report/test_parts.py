"""The page has the sections whose results exist, and says why the others are left out."""

import hashlib
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from ganatomy.files import write_json
from ganatomy.report.left_out import LEFT_OUT, leave_out
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Absence, Part, fill, gather
from ganatomy.report.sections.page_section import (
    CHAPTERS,
    Block,
    Figure,
    PageSection,
    Picture,
    all_sections,
)
from tests.pages import unexplained
from tests.unit.report.page_facts import FACTS

GIF = b"GIF89a of first"


def _section(folder: Path, name: str, place: int) -> PageSection[str]:
    template = folder / f"{name}.html"
    template.write_text(
        f'<section id="{name}">{{{{ words }}}}<img src="{{{{ figure(\'one\') }}}}" alt="one">'
        "</section>\n"
    )
    return PageSection(
        name=name,
        place=place,
        blocks=(Block(name, f"What of {name}?", "looks", template),),
        load=lambda of: (of / "words.txt").read_text(),
        facts=lambda words: {"words": words},
        figures=lambda words: {"one": lambda: f"png of {words}".encode()},
        alarms=lambda words: [f"alarm of {words}"],
        summary=lambda words: [words],
        lead=lambda words: [f"lead of {words}"],
    )


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sections, `second` found before `first`, with their results."""
    sections = [_section(tmp_path, "first", 1), _section(tmp_path, "second", 2)]
    monkeypatch.setattr("ganatomy.report.parts.all_sections", lambda: sections)
    for section in sections:
        folder = tmp_path / "reports" / section.name
        folder.mkdir(parents=True)
        (folder / "words.txt").write_text(f"<{section.name}>")
    return tmp_path / "reports"


def test_sections_are_found_and_in_the_order_that_they_state() -> None:
    found = all_sections()
    assert [section.name for section in found] == list(FACTS)
    assert [section.place for section in found] == sorted({section.place for section in found})
    for section in found:
        for block in section.blocks:
            template = block.template.read_text().replace("{{ block.anchor }}", block.anchor)
            assert re.findall(r'<section id="([\w-]+)">', template) == [block.anchor]
            assert block.chapter in CHAPTERS
    anchors = [block.anchor for section in found for block in section.blocks]
    assert len(set(anchors)) == len(anchors)


def test_every_result_becomes_a_part(reports: Path) -> None:
    parts, absences = gather(reports)
    assert [part.section.name for part in parts] == ["first", "second"]
    assert absences == []
    assert parts[0].facts == {"words": "<first>"}
    assert parts[0].figures == {"one": b"png of <first>"}
    html = render_page(PageFrame("A title"), parts)
    assert '<p class="lead">lead of &lt;first&gt; · lead of &lt;second&gt;</p>' in html
    assert html.index("<li>alarm of &lt;first&gt;</li>") < html.index("alarm of &lt;second&gt;")
    assert html.index('<section id="first">&lt;first&gt;<img') < html.index('id="second"')
    assert re.findall(r'<a href="#(\w+)">([^<]*)<', html) == [
        ("first", "What of first?"),
        ("second", "What of second?"),
    ]
    assert html.count("<b>Where they look</b>") == 1  # both are of this chapter
    assert "Not on this page" not in html
    assert "This run failed" not in html


def test_what_is_missing_is_left_out_with_its_reason(reports: Path) -> None:
    leave_out(reports / "first", "switched off")
    leave_out(reports / "helper", "not possible for <this>")
    (reports / "second" / "words.txt").unlink()
    (reports / "second").rmdir()
    parts, absences = gather(reports)
    assert parts == []
    assert [(each.name, each.reason) for each in absences] == [
        ("first", "switched off"),
        ("second", "not run"),
        ("helper", "not possible for <this>"),
    ]
    html = render_page(PageFrame("A title"), parts, absences)
    assert re.findall(r'<section id="([\w-]+)"', html) == ["left-out"]
    assert re.findall(r'href="#([\w-]+)"', html) == ["left-out"]
    assert "<li>What of first? (<code>first</code>): switched off</li>" in html
    assert "<li>What of second? (<code>second</code>): not run</li>" in html
    assert "<li><code>helper</code>: not possible for &lt;this&gt;</li>" in html


def test_nothing_is_said_of_a_section_that_a_page_can_be_without(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    optional = replace(_section(reports.parent, "third", 3), of_adopted=True)
    monkeypatch.setattr("ganatomy.report.parts.all_sections", lambda: [optional])
    assert gather(reports) == ([], [])
    assert [each.reason for each in gather(reports, {"third": "it failed"})[1]] == ["it failed"]
    leave_out(reports / "third", "not of this generator")
    assert [each.reason for each in gather(reports)[1]] == ["not of this generator"]
    (reports / "third" / LEFT_OUT).unlink()
    (reports / "third" / "words.txt").write_text("found")
    parts, absences = gather(reports)
    assert [part.section.name for part in parts] == ["third"]
    assert absences == []


def test_a_reason_that_cannot_be_read_is_told_also_of_a_stage_without_a_section(
    reports: Path,
) -> None:
    (reports / "helper").mkdir(exist_ok=True)
    write_json(reports / "helper" / LEFT_OUT, {"why": ""})
    with pytest.raises(KeyError):
        gather(reports)
    _, absences = gather(reports, forgiving=True)
    assert [(each.name, each.reason) for each in absences] == [
        ("helper", "cannot be shown: KeyError: 'reason'")
    ]


def test_a_result_that_is_not_to_be_shown_is_not_even_read(reports: Path) -> None:
    (reports / "second" / "words.txt").unlink()  # what a failed run may leave
    parts, (absence,) = gather(reports, {"second": "failed: <planted>"})
    assert [part.section.name for part in parts] == ["first"]
    html = render_page(PageFrame("A title"), parts, [absence], failure="second: <planted>")
    assert "(<code>second</code>): failed: &lt;planted&gt;</li>" in html
    head = html.partition("<section")[0]
    assert "<b>This run failed</b>\n  <p>second: &lt;planted&gt;</p>" in head


def _broken(section: PageSection[str], how: str) -> PageSection[str]:
    """The section, with a fault in its picture, in its template or in what its stage has left."""
    if how == "template":
        section.blocks[0].template.write_text("{{ of_nobody }}")
    if how == "reason":
        folder = section.blocks[0].template.parent
        write_json(folder / "reports" / section.name / LEFT_OUT, {"why": ""})
    figures = _undrawable if how == "picture" else section.figures
    return PageSection(**{**vars(section), "figures": figures})


def _undrawable(words: str) -> dict[str, Figure]:
    return {"one": lambda: bytes(1 // len(words[:0]))}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("picture", "ZeroDivisionError: integer division or modulo by zero"),
        ("template", "UndefinedError: 'of_nobody' is undefined"),
        ("reason", "KeyError: 'reason'"),
    ],
)
def test_a_section_that_fails_is_named_and_takes_no_other_along(
    reports: Path, monkeypatch: pytest.MonkeyPatch, how: str, words: str
) -> None:
    first, second = (_section(reports.parent, name, 1) for name in ("first", "second"))
    sections = [_broken(first, how), second]
    monkeypatch.setattr("ganatomy.report.parts.all_sections", lambda: sections)
    with pytest.raises(Exception, match=re.escape(words.partition(": ")[2])) as failed:
        render_page(PageFrame("A title"), *gather(reports))
    assert failed.value.__notes__ == ["in section first of the page"]

    parts, absences = gather(reports, forgiving=True)
    html = render_page(PageFrame("A title"), parts, absences, failure="it failed", forgiving=True)
    assert re.findall(r'<section id="(\w+)"', html) == ["second"]
    assert re.findall(r'href="#(\w+)"', html) == ["second"]
    assert "alarm of &lt;first&gt;" not in html
    (line,) = re.findall(r"<li>What of first\? \(<code>first</code>\): (.*)</li>", html)
    assert unescape(line).startswith(f"cannot be shown: {words}")


def test_pictures_may_be_files_already(tmp_path: Path) -> None:
    section = _section(tmp_path, "first", 1)
    drawn = PageSection(**{**vars(section), "figures": lambda words: {"one": GIF}})
    part = fill(drawn, "words")
    assert part == Part(
        drawn, {"words": "words"}, {"one": GIF}, ["alarm of words"], ["words"], ["lead of words"]
    )
    assert 'src="data:image/gif;base64,' in render_page(PageFrame("A title"), [part])


def test_a_section_without_a_template_shows_its_verdict_and_every_picture(tmp_path: Path) -> None:
    own = vars(_section(tmp_path, "first", 1))
    own["blocks"] = (Block("first", "What of first?", "looks"),)
    captions = {"one": "What <one> shows"}
    plain = PageSection(**{**own, "facts": lambda words: {"verdict": words, "captions": captions}})
    html = render_page(PageFrame("A title"), [fill(plain, "It is <so>.")])
    body = html.partition('<section id="first">')[2].partition("</section>")[0]
    assert "<h2>What of first?</h2>\n  <p>It is &lt;so&gt;.</p>" in body
    assert body.count("<figure><img") == 1
    assert 'alt="What &lt;one&gt; shows">' in body
    assert "<figcaption>What &lt;one&gt; shows</figcaption>" in body


def test_blocks_stand_in_the_order_of_the_chapters_and_figures_are_numbered_through(
    reports: Path,
) -> None:
    """A section that speaks in two chapters has another's between its own."""
    template = reports.parent / "picture.html"
    template.write_text('<section id="{{ block.anchor }}">{{ picture("one") }}</section>')
    own = vars(_section(reports.parent, "first", 1))
    places = (("late", "appendix"), ("early", "data"))
    blocks = tuple(Block(anchor, anchor, chapter, template) for anchor, chapter in places)
    told = Picture(b"png", title="It <rises>", caption="Up.", source="first/words.txt")
    two = PageSection(**{**own, "blocks": blocks, "figures": lambda words: {"one": told}})
    other = _section(reports.parent, "second", 2)
    html = render_page(PageFrame("A title"), [fill(two, "", reports), fill(other, "")])
    stand = re.findall(r'<section id="(\w+)"', html)
    assert stand == ["early", "second", "late"]
    numbers = re.findall(r"<b>Figure (\d)\.</b> It &lt;rises&gt;</p>", html)
    assert numbers == ["1", "2"]
    assert 'alt="It &lt;rises&gt;"' in html
    digest = hashlib.sha256(b"<first>").hexdigest()
    assert html.count(f"<code>{digest[:12]}…</code>") == 2
    anchors = ("figure-first-one", "figure-first-one-2")
    assert re.findall(r'<figure id="([^"]+)"', html) == list(anchors)
    assert digest not in html  # the whole hash stands where the page says where it comes from
    whole = render_page(
        PageFrame("A title", provenance={"a": "b"}), [fill(two, "", reports), fill(other, "")]
    )
    links = ", ".join(f'<a href="#{each}">{k}</a>' for k, each in enumerate(anchors, 1))
    assert f"<td>{links}</td><td><code>{digest}</code></td>" in unexplained(whole)
    assert whole.count(digest) == 1


def test_reasons_are_escaped_and_cannot_turn_round(tmp_path: Path) -> None:
    absence = Absence("first", "What of first?", "no <script>\u202e")
    html = render_page(PageFrame("A title"), [], [absence], failure="<script>\u202e")
    assert "<script" not in html
    assert "\u202e" not in html
