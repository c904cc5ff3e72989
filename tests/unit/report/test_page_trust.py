"""What the page says of its explanations: whether they can be trusted, before it shows them."""

import base64
import re
from typing import Any

import jinja2
import pytest

from tests.unit.report.page_facts import PICTURES, facts, render

GOOD, BAD, NONE = "LIME", "Grad-CAM, 2nd convolution", "HiResCAM, 2nd convolution"
ATTACK = "<script>alert('x')</script>"
PICTURES_OF = {
    "looks": ("faithfulness", "looks", "within_g"),
    "trust": ("faithfulness", "agreement", "controls"),
    "trust-figures": ("faithfulness", "failing", "removal", "randomisation"),
    "gradcam": ("gradcam", "d_maps", "g_maps", "classes", "units", "causal", "dissection"),
    "lime": ("lime", "d_maps", "g_regions"),
    "lime-figures": ("lime", "classes", "r2", "latents"),
}


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
    (own,) = [row for row in rows if f">{method} <" in row or f">{method}<" in row]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", own, re.DOTALL)
    kinds = [re.search(r'class="([^"]*)"', cell) for cell in cells]
    return [(kind.group(1) if kind else "", _words(cell)) for kind, cell in zip(kinds, cells)]


def test_what_passes_comes_first_and_figures_last() -> None:
    html = render(facts(), PICTURES)
    names = ("importance", "looks", "lime", "trust", "trust-figures", "gradcam", "lime-figures")
    order = [html.index(f'<section id="{name}">') for name in names]
    assert order == sorted(order)
    links = re.findall(r'href="#([^"]+)"', html.partition("<nav")[2].partition("</nav>")[0])
    assert [name for name in links if name in names] == list(names)


def test_agreement_is_folded_where_too_few_regions_tell_nothing() -> None:
    given = facts()
    assert "<h3>Do they agree" in _trust(given)
    given["faithfulness"]["agree"] |= {"enough": False, "title": "3 regions are too few"}
    section = _trust(given)
    assert "<h3>Do they agree" not in section
    folded = section.partition("<summary>Do they agree")[2].partition("</details>")[0]
    assert "3 regions are too few" in folded.partition("</summary>")[0]
    assert _source(("faithfulness", "agreement")) in folded


@pytest.mark.parametrize("section", PICTURES_OF)
def test_pictures_stand_where_they_belong(section: str) -> None:
    html = render(facts(), PICTURES)
    own, (stage, *names) = _section(html, section), PICTURES_OF[section]
    for name in names:
        assert own.count(_source((stage, name))) == html.count(_source((stage, name))) == 1


def test_where_no_kind_passes_it_is_said_and_none_is_shown() -> None:
    given = facts()
    given["looks"] |= {"passing": [], "where": []}
    section = _section(render(given, PICTURES), "looks")
    assert "No kind of map passes the three tests, so none is shown here." in _words(section)
    assert "<img" not in section


def test_a_result_without_images_says_how_to_make_them() -> None:
    given = facts()
    given["looks"]["kept"] = False
    section = _section(render(given, PICTURES), "looks")
    assert "python -m tasks.faithfulness" in section
    assert "<img" not in section
    given["gradcam"]["units_not_kept"] = True
    assert "python -m tasks.gradcam" in _section(render(given, PICTURES), "gradcam")


def test_maps_of_lime_move_to_the_appendix_where_they_fail() -> None:
    given = facts()
    given["lime"]["stamp"] = "worse than a random map"
    html = render(given, PICTURES)
    looks, appendix = (_section(html, name) for name in ("lime", "lime-figures"))
    assert "not to be relied on here: worse than a random map" in _words(looks)
    assert "<img" not in looks
    for name in ("d_maps", "g_regions"):
        assert appendix.count(_source(("lime", name))) == 1


def test_figures_of_lime_fit_stand_in_its_appendix() -> None:
    own = _section(render(facts(), PICTURES), "lime-figures")
    for tile in ("0.51", "0.42", "0.33"):
        assert f"<b>{tile}</b>" in own


def test_each_verdict_has_its_word_and_its_colour() -> None:
    section = _trust()
    good, bad, none = (_row(section, name)[:3] for name in (GOOD, BAD, NONE))
    beside = [f"0.2; {name} 0.3 (margin +0.1)" for name in ("faithful", "stable", "sane")]
    assert good == [("out", f"pass {figure}") for figure in beside]
    assert bad == [
        ("bad", f"fail {beside[0]}"),
        *(("out", f"pass {figure}") for figure in beside[1:]),
    ]
    assert none == [("in", "not measured")] * 3


def test_reasons_stand_beside_the_verdict() -> None:
    section = _trust()
    assert "worse than an edge detector" in _row(section, BAD)[3][1]
    assert "the target is constant" in _row(section, NONE)[3][1]
    assert _row(section, GOOD)[3][1] == "passes all three"


def test_it_is_counted_what_passes_what_fails_and_what_was_not_measured() -> None:
    said = _words(_trust())
    assert "1 of 3 kinds of map pass all three tests, on 80 images; 1 fails at least one" in said
    assert "of 1 not all could be measured, which is no pass" in said
    given = facts()
    given["faithfulness"]["counts"] = {"kinds": 2, "passed": 2, "failed": 0, "unmeasured": 0}
    said = _words(_trust(given))
    assert "2 of 2 kinds of map pass all three tests, on 80 images." in said


def test_the_rules_are_given_in_words() -> None:
    section, rules = _trust(), facts()["faithfulness"]["rules"]
    for name, rule in rules.items():
        assert f"<b>{name}</b>: {rule}" in section


@pytest.mark.parametrize(
    ("method", "figures"),
    [
        (GOOD, ["1.23", "0.456", "-0.789", "-0.654", "0.21", "0.97", "0.051", "-0.062", "0.153"]),
        (
            BAD,
            ["1.23", "0.456", "-0.789", "-0.654", "0.84", "–", "0.051", "-0.062", "0.153"],
        ),
        (NONE, ["–"] * 9),
    ],
)
def test_every_figure_is_there_and_a_dash_where_there_is_none(
    method: str, figures: list[str]
) -> None:
    section = _section(render(facts(), PICTURES), "trust-figures")
    assert [text for _, text in _row(section, method, table=1)] == figures


def test_every_judged_figure_stands_with_its_threshold_and_margin() -> None:
    section = _section(render(facts(), PICTURES), "trust-figures")
    table = _words(section.split("<table")[1].partition("</table>")[0])
    assert "likeness: below 0.3" in table
    assert "LIME 0.123 (+0.18)" in table
    assert "Grad-CAM, layers.2 –" in table


def test_what_was_planted_is_told() -> None:
    section = _section(render(facts(), PICTURES), "trust-figures")
    line = section[section.index("Grad-CAM, middle") :].partition("</tr>")[0]
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
    html = render(facts(), PICTURES)
    assert "Beware of the baseline." in _words(_section(html, "lime"))
    page = _words(_section(html, "lime-figures"))
    assert "blur (shown) 5.0 % 2.0 % to 9.0 % something" in page.replace("\xa0", " ")
    given = facts()
    given["lime"] |= {"beware": [], "checks": []}
    html = render(given, PICTURES)
    assert "warning" not in _section(html, "lime")
    assert "everything hidden" not in html


def test_names_of_methods_are_escaped() -> None:
    given = facts()
    found = given["faithfulness"]
    found["rows"][0]["method"] = ATTACK
    found["infidelity"][ATTACK] = found["infidelity"].pop("lime")
    found["rules"] = {ATTACK: ATTACK}
    given["concepts"][0]["concept"] = ATTACK
    html = render(given, PICTURES)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4


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
