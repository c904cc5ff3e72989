"""The page escapes what it is given, asks nothing of a network, and misses no fact quietly."""

import base64
import hashlib
import re
from html import unescape as html_unescape
from typing import Any

import jinja2
import pytest

from ganatomy.report import page
from ganatomy.report.environment import number
from tests.unit.report.page_facts import (
    FACTS,
    FILMS,
    PICTURES,
    WHERE_THERE_ARE_ANY,
    Pictures,
    facts,
    render,
    render_whole,
)

ATTACK = "<script>alert('x')</script>"


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in the facts there are texts."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for k in range(len(value)) for leaf in _leaves(value[k], (*path, k))]
    return [path] if isinstance(value, str) else []


def _with(path: tuple[Any, ...], text: str) -> dict[str, Any]:
    given = facts()
    inner: Any = given
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = text
    return given


NOT_SHOWN = [  # names of figures, and what rows are chosen by
    ("data", "balance"),  # where no picture shows it
    ("variants", 0, "figure"),
    *(("importance", "power", row, "kind") for row in range(3)),
    ("lime", "baseline"),
    *(("lime", "cases", place) for place in range(3)),
    ("data", "duplicates", "choice"),
    *(("classes", "names", label) for label in range(2)),
    *(("faithfulness", "rows", row, "method") for row in range(3)),
    *(
        ("faithfulness", "rows", row, name)
        for row in range(3)
        for name in ("faithful", "stable", "sane")
    ),
    ("faithfulness", "agree", "title"),  # where it is not folded, the figure's own title says it
    ("faithfulness", "figures", "heads", 0, "rule"),  # one that is equal to its threshold fails
    ("refusals", 0, "stage"),
    (
        "structure",
        "networks",
        0,
        "drawings",
        0,
        "title",
    ),  # the whole network has no name of its own
    ("topology", "clouds", 0, "figure"),
    ("map_topology", "layers", 0, "kind"),
    *(("rules", "cards", network, 0, "figure") for network in "DG"),
    *(("rules", "cards", network, 0, "look") for network in "DG"),
]


@pytest.mark.parametrize(
    "path", [path for path in _leaves(facts()) if path not in NOT_SHOWN], ids=str
)
def test_every_text_is_escaped(path: tuple[Any, ...]) -> None:
    html = render(_with(path, ATTACK), PICTURES)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 1


def test_names_of_columns_and_classes_are_escaped() -> None:
    given = facts()
    given["data"]["train"]["class_counts"] = {ATTACK: 1}
    given["importance"]["meanings"] = {ATTACK: ATTACK}
    given["provenance"] = {ATTACK: ATTACK}
    given["params"][ATTACK] = {ATTACK: ATTACK}
    given["faithfulness"]["rules"] = {ATTACK: ATTACK}
    html = render(given, PICTURES)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 10


def test_quotes_cannot_leave_an_attribute() -> None:
    html = render(_with(("title",), '" onload="alert(1)'), PICTURES)
    assert '" onload=' not in html


@pytest.mark.parametrize(
    "path", [path for path in _leaves(facts()) if path not in NOT_SHOWN], ids=str
)
def test_no_text_can_turn_round_what_stands_beside_it(path: tuple[Any, ...]) -> None:
    html = render(_with(path, "Cat\u202egnp.exe"), PICTURES)
    assert "\u202e" not in html
    assert "Cat[U+202E]gnp.exe" in html
    html = render(_with(path, HEBREW), PICTURES)
    isolates = html.count(f"<bdi>{HEBREW}</bdi>") + html.count(f"\u2068{HEBREW}\u2069")
    assert 1 <= isolates == html.count(HEBREW)


HEBREW = "\u05d7\u05ea\u05d5\u05dc"


def test_nor_can_names_of_columns_and_classes_and_lists_of_them() -> None:
    given = facts()
    given["data"]["train"]["class_counts"] = {HEBREW: 1, "\u202ecat": 2}
    given["classes"]["missing"] = [HEBREW, "<script>", "dog"]
    given["params"]["variants"] = {"features": [HEBREW]}
    given["alarms"] = [f"G does not make these classes: {HEBREW}, dog"]
    html = render(given, PICTURES)
    assert f"<bdi>{HEBREW}</bdi>: 1, [U+202E]cat: 2." in html
    assert f"Not made by G: <bdi>{HEBREW}</bdi>, &lt;script&gt;, dog." in html
    assert f"<code><bdi>[&#39;{HEBREW}&#39;]</bdi></code>" in html
    assert f"<li><bdi>G does not make these classes: <bdi>{HEBREW}</bdi>, dog</bdi></li>" in html


def test_the_policy_allows_what_the_page_has_and_nothing_else() -> None:
    html = render(facts(), PICTURES)
    first, policy = re.findall(r'<head>\s*<meta http-equiv="([^"]+)" content="([^"]+)">', html)[0]
    assert first == "Content-Security-Policy"
    rules = dict(each.split(" ", 1) for each in html_unescape(policy).split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not re.search(r"<[^>]+ (?:style|on[a-z]+)=", html)  # what it would not allow
    assert html.index('charset="utf-8"') < 1024


def test_page_is_self_contained() -> None:
    html = render(facts(), PICTURES)
    assert "<script" not in html
    assert not re.search(r"<link|@import|url\(|https?://|//cdn", html)
    sources = re.findall(r'src="([^"]*)"', html)
    kinds = [source.partition(";base64,")[0] for source in sources]
    assert sorted(set(kinds)) == ["data:image/gif", "data:image/png"]
    assert kinds.count("data:image/gif") == len(FILMS)
    shown = {base64.b64decode(source.partition(",")[2]) for source in sources}
    assert shown == set(PICTURES.values())


def test_every_picture_has_a_description() -> None:
    pictures = re.findall(r"<img[^>]*>", render(facts(), PICTURES))
    assert len(pictures) == len(PICTURES)
    assert all(re.search(r'alt="[^"]{3,}"', picture) for picture in pictures)


def test_every_picture_has_words_beside_it() -> None:
    """A caption, or a heading right above."""
    html = render(facts(), PICTURES)
    before, *figures = html.split("<figure")
    assert len(figures) == len(PICTURES)
    for figure in figures:
        is_headed = before.rstrip().endswith(("</h3>", "</p>"))
        assert is_headed or "<figcaption>" in figure.partition("</figure>")[0], figure[-200:]
        before = figure


def test_every_link_inside_the_page_leads_somewhere() -> None:
    html = render_whole(facts(), PICTURES)
    targets = re.findall(r'href="#([^"]+)"', html)
    assert targets
    assert all(f'id="{target}"' in html for target in targets)


@pytest.mark.parametrize("name", [name for names in FACTS.values() for name in names])
def test_missing_fact_is_an_error(name: str) -> None:
    given = facts()
    del given[name]
    with pytest.raises(jinja2.UndefinedError, match=name):
        render(given, PICTURES)


def _without_figure(name: tuple[str, str]) -> Pictures:
    return {key: value for key, value in PICTURES.items() if key != name}


def test_missing_figure_is_an_error() -> None:
    for name in PICTURES:
        if name not in WHERE_THERE_ARE_ANY:
            with pytest.raises(KeyError, match=name[1]):
                render(facts(), _without_figure(name))


@pytest.mark.parametrize("name", WHERE_THERE_ARE_ANY)
def test_figures_that_not_every_run_has(name: tuple[str, str]) -> None:
    kind = "gif" if name in FILMS else "png"
    src = f'src="data:image/{kind};base64,{base64.b64encode(PICTURES[name]).decode()}"'
    whole, without = render(facts(), PICTURES), render(facts(), _without_figure(name))
    assert whole.count(src) == 1
    assert src not in without
    assert without.count("<figure") == whole.count("<figure") - 1


def test_limit_is_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    html = render_whole(facts(), PICTURES)
    assert len(html.encode()) > len(html)  # it has letters of more than one byte
    monkeypatch.setattr(page, "MAX_BYTES", len(html.encode()))
    assert render_whole(facts(), PICTURES) == html
    monkeypatch.setattr(page, "MAX_BYTES", len(html.encode()) - 1)
    with pytest.raises(ValueError, match=f"{len(html.encode())} bytes"):
        render_whole(facts(), PICTURES)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (("importance", "not_judged", ["d_shift"]), "cannot be judged"),
        (("evaluator", "by_rotation", 1), "the data has no"),
        (("memorisation", "copies_found", True), '<p class="warning"><b>G: a verdict'),
        (("memorisation", "cannot_tell", True), '<p class="warning"><b>G: a verdict'),
        (("memorisation", "num_in_training", 7), "also in training: 7 of 500"),
        (("classes", "names", []), "no classes that G could fail to make"),
        (("generalisation", "has_level", False), "the sign of its logit means nothing"),
        (("quality", "unmeasured", "it guesses"), "Not measured"),
        (("train", "held", False), '<p class="warning"><b>how the training went'),
    ],
)
def test_what_is_said_only_when_it_is_so(change: tuple[str, str, Any], shown: str) -> None:
    given = facts()
    assert shown not in render(given, PICTURES)
    given[change[0]][change[1]] = change[2]
    assert shown in render(given, PICTURES)


def test_alarms_stand_before_everything_else() -> None:
    given = facts()
    html = render(given, PICTURES)
    assert html.index("an alarm") < html.index("<section")
    assert 'role="alert"' in html
    given["alarms"] = []
    assert 'role="alert"' not in render(given, PICTURES)


def test_each_guard_says_what_it_found() -> None:
    html = render(facts(), PICTURES)
    collapse, saturation = (html.index(f">{name}</th>") for name in ("collapse", "saturation"))
    assert collapse < html.index("a finding") < saturation < html.index("did not happen")
    assert html.count("did not happen") == 1


def test_without_inception_there_is_no_second_chart() -> None:
    given = facts()
    given["quality"]["by_inception"] = False
    figures = _without_figure(("evaluate", "fidelity_inception"))
    assert "Inception" not in render(given, figures)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (0, ["52.0\xa0%", "41.0\xa0% to 63.0\xa0%", "1.0\xa0%"]),
        (1, ["0.52", "0.41 to 0.63", "0"]),
        (2, ["52.0\xa0%", "41.0\xa0% to 63.0\xa0%", "70.0\xa0%", "60.0\xa0% to 80.0\xa0%"]),
    ],
)
def test_rows_of_memorisation_are_shares_or_numbers(row: int, shown: list[str]) -> None:
    given = facts()
    measure = given["memorisation"]["rows"][row]["measure"]
    html = render(given, PICTURES)
    line = html[html.index(f">{measure}</th>") :].partition("</tr>")[0]
    figures = re.findall(r'<td class="figure">(.*?)</td>', line)
    parts = [part for cell in figures for part in re.split(r"<br>|</?small>", cell) if part]
    assert parts == shown
    assert "<td>what it says</td>" in line
    given["memorisation"]["rows"][row]["bad"] = True
    line = render(given, PICTURES)
    line = line[line.index(f">{measure}</th>") :].partition("</tr>")[0]
    assert '<td class="bad">what it says</td>' in line


def test_refused_images_are_listed() -> None:
    given = facts()
    assert "empty file" in render(given, PICTURES)
    given["quarantine"] = []
    assert "No image was refused" in render(given, PICTURES)
    given["quarantine"] = [{"file": f"{k}.png", "reason": "empty"} for k in range(103)]
    page = render(given, PICTURES)
    assert "99.png" in page
    assert "100.png" not in page
    assert "And 3 more" in page


def test_what_was_done_to_the_pixels_is_said() -> None:
    given = facts()
    assert "<p>what was done to the pixels.</p>" in render(given, PICTURES)
    given["data"]["said_of_values"] = []
    assert "what was done to the pixels" not in render(given, PICTURES)


def test_files_that_are_no_images_are_counted() -> None:
    given = facts()
    assert "not used: 1,234 csv, 2 hidden." in render(given, PICTURES)
    given["data"]["others"] = {}
    assert "Also in the folder" not in render(given, PICTURES)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (0.0, "0"),
        (0.123456, "0.123"),
        (12.345, "12.3"),
        (-0.00012345, "-0.000123"),
        (999.4, "999"),
        (999.7, "1,000"),
        (-999.7, "-1,000"),
        (1000.4, "1,000"),
        (1234567.8, "1,234,568"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_title_from_right_to_left_holds_no_markup() -> None:
    html = render(_with(("title",), "\u05d3\u05d5\u05d7 <12>"), PICTURES)
    assert "<title>\u2068\u05d3\u05d5\u05d7 &lt;12&gt;\u2069</title>" in html


def test_what_the_source_was_taken_for_is_listed() -> None:
    given = facts()
    assert "taken for" not in render(given, PICTURES)
    given["data"] = {**given["data"], "notes": ["2 classes, by the folders: a & b."]}
    html = render(given, PICTURES)
    assert "What the source was taken for" in html
    assert "<li>2 classes, by the folders: a &amp; b.</li>" in html


def test_held_out_images_that_are_in_training_are_named() -> None:
    given = facts()
    assert '<th scope="col">in training</th>' not in render(given, PICTURES)
    leaks = [{"held_out": f"test/{k}.png", "in_training": "train/0.png"} for k in range(20)]
    repeats = {**given["data"]["duplicates"], "num_groups": 1, "num_held_out_in_training": 25}
    given["data"] = {**given["data"], "leaks": leaks, "duplicates": repeats}
    html = render(given, PICTURES)
    assert "<td><code>test/19.png</code></td><td><code>train/0.png</code></td>" in html
    assert "And 5 more, in <code>duplicates.csv</code>" in html
