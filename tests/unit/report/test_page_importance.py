"""What the page says of feature importance, and what it leaves out where there is nothing."""

import re
from typing import Any

import pytest

from tests.unit.report.page_facts import PICTURES, facts, render


@pytest.mark.parametrize(
    ("key", "nothing", "said"),
    [
        ("idle", [], "<code>background</code> was not trained: background changes nothing."),
        ("diverged", [], "Retrained GANs that diverged and are left out:"),
        ("screening", None, "cost 2.5 times less than training every feature in full"),
        ("screening", None, "dropped: like a null"),
        ("subsets", [], "Random subsets of features"),
        ("noise", None, "A difference below 0.35 in fcd between two such trainings is noise."),
        ("modes", {}, "Removed: what does it add?"),
    ],
)
def test_what_did_not_happen_is_not_mentioned(key: str, nothing: Any, said: str) -> None:
    given = facts()
    assert said in render(given, PICTURES)
    given["importance"][key] = nothing
    assert said not in render(given, PICTURES)


def test_the_share_of_false_finds_is_that_of_the_result() -> None:
    """Not that of params.yaml, which may be another one by now."""
    given = facts()
    assert given["importance"]["fdr"] != given["params"]["importance"]["fdr"]
    assert "when no more than 5.0 % of all that stands out" in render(given, PICTURES)


def test_a_readout_that_was_not_taken_is_a_dash() -> None:
    given = facts()
    missing = dict.fromkeys(given["importance"]["rows"][0]["effects"][0], None)
    given["importance"]["rows"][0]["effects"] = [missing, None]
    page = render(given, PICTURES)
    row = page[page.index("All effects, readout by readout") :]
    assert re.findall(r'<td class="figure in">(.*?)</td>', row)[:2] == ["–", "–"]


def test_scores_of_the_subsets_with_what_could_be_reached() -> None:
    html = render(facts(), PICTURES)
    table = html[html.index("linear datamodelling score") :].partition("</table>")[0]
    rows = [re.findall(r'<td class="([^"]*)">(.*?)</td>', row) for row in table.split("<tr>")[2:]]
    assert rows == [
        [
            *(("figure out", "0.62"), ("figure", "0.31 to 0.81")),
            *(("figure", "0.55"), ("figure", "0.84")),
        ],
        [
            *(("figure in", "0.12"), ("figure", "-0.2 to 0.4")),
            *(("figure", "–"), ("figure", "–")),
        ],
    ]


def test_ranking_says_what_stands_out_and_for_which_network() -> None:
    html = render(facts(), PICTURES)
    row = html[html.index('<td class="name"><code>blur</code></td>\n      <td>all is') :]
    cells = re.findall(r'<td class="([^"]*)">(.*?)</td>', row.partition("</tr>")[0])
    assert cells[1:] == [
        ("out", "g_frd"),
        ("figure out", "12.3"),
        ("in", "d_shift"),
        ("figure in", "1.7"),
        ("figure", "0.021"),
        ("out", "stands out"),
        ("figure out", "0.3<br><small>0.4 to 0.6</small>"),
        ("figure in", "–"),
    ]
    assert "pixels change by 7.5 of 255" in row
    given = facts()
    given["importance"]["rows"][0] |= {"stands_out": False, "found_by_g": False}
    assert "within noise" in render(given, PICTURES).partition("all is blurred")[2]
    assert '<td class="out">g_frd</td>' not in render(given, PICTURES)


def test_variants_are_shown_with_what_was_changed() -> None:
    given = facts()
    section = render(given, PICTURES).partition('<section id="variants">')[2]
    said = "<code>sharp</code>: all is sharp (first images of either set)."
    assert said in section.partition("</section>")[0]
    given["variants"][0]["same_images"] = True
    assert "first images of either set" not in render(given, PICTURES)


def test_trust_in_the_ranking_is_told_in_figures() -> None:
    html = render(facts(), PICTURES)
    assert "a correlation of <b>0.71</b>; the same three are first in 50 % of the splits" in html
    assert re.search(
        r"After 50 % of the steps the ranking agreed\s+with the final one to 0.93", html
    )
    assert "to 0.35" not in html  # by the number of seeds: in the picture


def test_what_could_not_have_been_found_is_told_above_the_table() -> None:
    page = render(facts(), PICTURES)
    figures = page.partition("<h3>The figures</h3>")[2]
    said = "The smallest change that could have been found is 0.12 of g_fcd."
    assert said in figures.partition("<table>")[0]
    limits = figures.partition("The smallest effect that could have been found")[2]
    rows = limits.partition("</table>")[0]
    assert '<td class="figure">4.0</td>' in rows
    assert "<code>contrast</code>" in rows
    told = " ".join(limits.split())
    assert "in 80 % of such runs, had at least 4 such rows been found at once" in told
