"""What the page says of its explanations: whether they can be trusted, before it shows them."""

import base64
import re
from typing import Any

import jinja2
import pytest

from tests.unit.report.page_facts import PICTURES, facts, render

ATTACK = "<script>alert('x')</script>"
GRADCAM = tuple(("gradcam", name) for name in ("d_real", "d_fake", "g_fake", "classes"))
TRUST = tuple(
    ("faithfulness", name) for name in ("agreement", "controls", "removal", "randomisation")
)
LIME = tuple(
    ("lime", name) for name in ("d_real", "d_fake", "g_regions", "classes", "r2", "latents")
)


def _section(html: str, name: str) -> str:
    return html[html.index(f'<section id="{name}">') :].partition("</section>")[0]


def _trust(given: dict[str, Any] | None = None) -> str:
    return _section(render(given or facts(), PICTURES), "trust")


def _source(name: tuple[str, str]) -> str:
    return base64.b64encode(PICTURES[name]).decode()


def _words(html: str) -> str:
    """Without tags, every run of blanks one blank."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def _row(section: str, method: str, table: int = 0) -> list[tuple[str, str]]:
    """Class and words of the cells of a method's row in one of the section's tables."""
    rows = section.split("<table")[table + 1].partition("</table>")[0].split("<tr>")
    (own,) = [row for row in rows if f"<code>{method}</code>" in row]
    cells = re.findall(r"<td(?: class=\"([^\"]*)\")?>(.*?)</td>", own, re.DOTALL)
    return [(kind, _words(text)) for kind, text in cells]


def test_how_far_to_trust_stands_behind_what_is_explained() -> None:
    html = render(facts(), PICTURES)
    names = ("importance", "gradcam", "lime", "trust")
    order = [html.index(f'<section id="{name}">') for name in names]
    assert order == sorted(order)
    links = re.findall(r'href="#([^"]+)"', html)
    assert [name for name in links if name in names] == list(names)


def test_disagreement_comes_first_and_the_largest_first_of_all() -> None:
    section = _trust()
    first, second = (
        section.index(text)
        for text in ("ime ranks cell_1_1 first, gradcam", "etraining, G ranks cell_2_2 second")
    )
    assert first < second
    assert second < min(section.index(text) for text in ("<img", "<table", "kinds of map pass"))


@pytest.mark.parametrize(("section", "names"), [("trust", TRUST), ("gradcam", GRADCAM)])
def test_pictures_stand_where_they_belong(section: str, names: tuple[str, ...]) -> None:
    html = render(facts(), PICTURES)
    own = _section(html, section)
    assert all(own.count(_source(name)) == html.count(_source(name)) == 1 for name in names)


def test_lime_has_its_own_section() -> None:
    own = _section(render(facts(), PICTURES), "lime")
    assert all(own.count(_source(name)) == 1 for name in LIME)
    for tile in ("0.51", "0.42", "0.33"):
        assert f"<b>{tile}</b>" in own


def test_each_verdict_has_its_word_and_its_colour() -> None:
    section = _trust()
    good, bad, none = (
        _row(section, method)[1:4] for method in ("lime", "gradcam layers.2", "hirescam layers.2")
    )
    assert good == [("out", "pass")] * 3
    assert bad == [("bad", "fail"), ("out", "pass"), ("out", "pass")]
    assert none == [("in", "not measured")] * 3


def test_reasons_stand_beside_the_verdict() -> None:
    section = _trust()
    assert "worse than an edge detector" in _row(section, "gradcam layers.2")[4][1]
    refused = _row(section, "hirescam layers.2")[4][1]
    assert "the target is constant" in refused
    good = _row(section, "lime")[4][1]
    assert "worse than" not in good
    assert "constant" not in good


def test_it_is_counted_what_passes() -> None:
    assert "1 of 3 kinds of map pass all three tests, on 80 images" in _words(_trust())
    given = facts()
    for row in given["faithfulness"]["rows"]:
        row["trusted"] = False
    assert "0 of 3 kinds of map pass all three tests" in _words(_trust(given))


def test_the_rules_are_given_in_words() -> None:
    section, rules = _trust(), facts()["faithfulness"]["rules"]
    for name, rule in rules.items():
        assert f"<b>{name}</b>: {rule}" in section


@pytest.mark.parametrize(
    ("method", "figures"),
    [
        ("lime", ["1.23", "0.456", "-0.789", "-0.654", "0.21", "0.97", "0.051", "-0.062", "0.153"]),
        (
            "gradcam layers.2",
            ["1.23", "0.456", "-0.789", "-0.654", "0.84", "–", "0.051", "-0.062", "0.153"],
        ),
        ("hirescam layers.2", ["–"] * 9),
    ],
)
def test_every_figure_is_there_and_a_dash_where_there_is_none(
    method: str, figures: list[str]
) -> None:
    assert [text for _, text in _row(_trust(), method, table=1)[1:]] == figures


def test_what_was_planted_is_told() -> None:
    line = _trust()[_trust().index("gradcam middle") :].partition("</tr>")[0]
    assert re.findall(r'figure">([^<]*)<', line) == ["75.0\xa0%", "0.61", "88.0\xa0%"]


def test_refusals_are_told_in_words_or_not_at_all() -> None:
    said = _words(_trust())
    assert "hirescam layers.2 (d_fake, 7 images): the map is flat." in said
    assert "cannot mean anything" in said
    given = facts()
    given["refusals"].append(
        {**given["refusals"][0], "case": "d_real", "images": 2, "reason": "the map holds NaN"}
    )
    said = _words(_trust(given))
    assert "7 images): the map is flat; hirescam layers.2 (d_real, 2 images): the map hol" in said
    given["refusals"] = []
    given["faithfulness"]["beware"] = []
    section = _trust(given)
    assert "cannot mean anything" not in section
    assert 'class="warning"' not in section


def test_a_baseline_that_means_nothing_is_told_where_it_hides() -> None:
    assert "Beware of what removes." in _words(_trust())
    assert "are made with (blur)" in _words(_trust())
    page = _words(_section(render(facts(), PICTURES), "lime"))
    assert "Beware of the baseline." in page
    assert "blur (shown) 5.0 % 2.0 % to 9.0 % something" in page.replace("\xa0", " ")
    given = facts()
    given["lime"] |= {"beware": [], "checks": []}
    page = _section(render(given, PICTURES), "lime")
    assert "warning" not in page
    assert "everything hidden" not in page


def test_names_of_methods_are_escaped() -> None:
    given = facts()
    found = given["faithfulness"]
    found["rows"][0]["method"] = ATTACK
    found["infidelity"][ATTACK] = found["infidelity"].pop("lime")
    found["rules"] = {ATTACK: ATTACK}
    given["concepts"][0]["concept"] = ATTACK
    html = render(given, PICTURES)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 5  # the method stands in two tables


@pytest.mark.parametrize(
    ("baseline", "words"),
    [
        ("black", "black"),
        ("mean", "the mean image"),
        ("blur", "a blurred copy"),
        ("inpaint", "from their borders"),
        ("marginal", "what other images show"),
    ],
)
def test_what_hides_a_segment_is_named(baseline: str, words: str) -> None:
    given = facts()
    given["lime"]["baseline"] = baseline
    painting = _section(render(given, PICTURES), "lime").partition("painting")[2]
    assert words in painting.partition(")")[0]


def test_an_unknown_baseline_is_an_error() -> None:
    given = facts()
    given["lime"]["baseline"] = "grey"
    with pytest.raises(jinja2.UndefinedError):
        render(given, PICTURES)


def test_the_number_of_samples_is_told_where_it_is_one() -> None:
    given = facts()
    assert "1,000 times for each image" in render(given, PICTURES)
    given["lime"]["tolerance"] = 0.1
    html = render(given, PICTURES)
    assert "times for each image" not in html
    assert "until its intervals are narrow enough" in html


def test_concepts_come_with_how_well_they_can_be_read() -> None:
    given = facts()
    assert "held-out R² of brightness 0.91" in render(given, PICTURES)
    given["concepts"].append({"concept": "contrast", "held_out_r2": 0.72})
    assert "held-out R² of brightness 0.91, contrast 0.72" in render(given, PICTURES)
    given["concepts"] = []
    assert "held-out R² of" not in _section(render(given, PICTURES), "gradcam")


def test_causal_checks_are_told_as_a_share() -> None:
    assert "62.5\xa0% of the lines" in _section(render(facts(), PICTURES), "gradcam")
