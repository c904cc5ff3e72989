"""What the page says of feature importance, and what it leaves out where there is nothing."""

import base64
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
        ("noise", None, "A difference below 0.35 in fcd cannot be told from retraining."),
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


def test_the_answer_comes_first_and_all_tables_are_in_the_appendix() -> None:
    section = _section(render(facts(), PICTURES), "importance")
    first, _, rest = section.partition('<p class="verdict">')
    assert "<p" not in first
    assert rest.startswith("An answer on features.</p>")
    assert "Something was not found. Images were hardly changed." in section
    assert "The order is firm. It is that of other GANs." in section
    assert "By the evaluator alone another order." in section
    assert "at least 0.1 in size" in section
    assert (
        "the largest\n    of them, so sizes by different measures compare only roughly" in section
    )
    assert "<table" not in section
    assert "A rule of ranking." in _section(render(facts(), PICTURES), "importance_figures")


def test_every_size_stands_with_its_measure() -> None:
    table = _section(render(facts(), PICTURES), "importance_figures").partition("</table>")[0]
    for size, measure in (("+60 %", "by random features"), ("+0.05 spreads", "in its preference")):
        assert f"{size}<br><small>{measure}<br>" in table


@pytest.mark.parametrize("many", [True, False])
def test_a_map_of_few_regions_is_folded_away(many: bool) -> None:
    given = facts()
    given["importance"]["many_regions"] = many
    html = render(given, PICTURES)
    shown = base64.b64encode(PICTURES["importance", "regions"]).decode()
    assert (shown in _section(html, "importance")) is many
    assert (shown in _section(html, "importance_figures")) is not many


def _section(html: str, anchor: str) -> str:
    return html.partition(f'<section id="{anchor}">')[2].partition("</section>")[0]


def test_a_readout_that_was_not_taken_is_a_dash() -> None:
    given = facts()
    missing = dict.fromkeys(given["importance"]["rows"][0]["effects"]["g_fcd"], None)
    given["importance"]["rows"][0]["effects"] = {"g_fcd": missing, "d_shift": None}
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


def _row(html: str, start: str) -> list[tuple[str, str]]:
    """Classes and contents of the cells of the row that begins like this."""
    row = _section(html, "importance_figures").partition(start)[2].partition("</tr>")[0]
    assert row
    return re.findall(r'<td(?: class="([^"]*)")?>(.*?)</td>', row)


def test_ranking_says_how_much_and_how_sure_and_for_which_network() -> None:
    html = render(facts(), PICTURES)
    assert _row(html, "fine detail<br><code>blur</code></th>") == [
        ("figure out", "+60 %<br><small>by random features<br>+50 to +70 %</small>"),
        ("figure out", "12.3<br><small>q 0.021<br>permuted 0.002</small>"),
        ("figure in", "+0.05 spreads<br><small>in its preference<br>+0.01 to +0.09</small>"),
        ("figure in", "1.7<br><small>q 0.4</small>"),
        ("out", "matters to G"),
    ]
    assert _row(html, '<th scope="row"><code>blur</code></th><td>all')[-2:] == [
        ("figure", "0.3<br><small>0.4 to 0.6</small>"),
        ("figure", "–"),
    ]
    assert "all is blurred <small>(by 7.5 of 255)</small>" in html


def test_nothing_is_green_that_does_not_matter() -> None:
    given = facts()
    given["importance"]["rows"][0] |= {"matters": False, "g_matters": False}
    given["importance"]["rows"][0] |= {"judgement": "sure, but small"}
    cells = _row(render(given, PICTURES), "fine detail<br><code>blur</code></th>")
    assert cells[-1] == ("in", "sure, but small")
    assert all("out" not in classes.split() for classes, _ in cells)
    assert given["importance"]["rows"][0]["effects"]["g_fcd"]["stands_out"]
    assert (
        'class="figure out"'
        not in _section(render(given, PICTURES), "importance_figures").partition("Random subsets")[
            0
        ]
    )


def test_variants_are_shown_with_what_was_changed() -> None:
    section = _section(render(facts(), PICTURES), "variants")
    assert base64.b64encode(PICTURES["variants", "blur"]).decode() in section


def test_what_could_not_have_been_found_is_told_above_the_table() -> None:
    figures = _section(render(facts(), PICTURES), "importance_figures")
    said = "The smallest change that could have been found is 0.12 of g_fcd."
    assert said in figures.partition("<table>")[0]
    limits = figures.partition("The smallest effect that could have been found")[2]
    rows = limits.partition("</table>")[0]
    assert '<td class="figure">4.0</td>' in rows
    assert "<code>contrast</code>" in rows
    told = " ".join(limits.split())
    assert "in 80 % of such runs, had at least 4 such rows been found at once" in told
