"""The head of a page: the answer, its evidence, and each figure beside its threshold."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Absence
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.head import _figure
from ganatomy.report.verdict.page_verdict import verdict_of
from ganatomy.report.verdict.verdict import Verdict

CHECKS = [
    Check.at_least("precision", 0.6999, 0.7),
    Check.at_most("classes missing", 0, 0),
    Check.at_least("recall", 0.1, 0.7, is_blocking=False),
    Check.at_least("coverage", None, 0.7),
]
WORDS = {"yes": "It is.", "no": "It is <not>.", "unknown": "Who knows."}


def _page(*checks: Check) -> str:
    clause = Clause.judged("works", checks, WORDS, "works")
    verdict = Verdict.of([clause], Gate(needed=("works",)))
    return render_page(PageFrame("A title"), [], verdict=verdict)


def _plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_answer_stands_first_with_its_words_escaped() -> None:
    html = _page(*CHECKS)
    said = _plain(html)
    assert "No: its images fall short of real ones." in said
    assert "It is &lt;not&gt;." in said
    assert '<a href="#works">' in html
    assert "Whether the training held is not known" in said  # nobody answered that


@pytest.mark.parametrize(
    ("check", "shown", "colour"),
    [
        (CHECKS[0], ["0.6999", "at least 0.7", "-0.0001", "failed"], "bad"),
        (CHECKS[1], ["0", "at most 0", "0", "passed"], "out"),
        (CHECKS[2], ["0.1", "at least 0.7", "-0.6", "failed (a note)"], "in"),
        (CHECKS[3], ["\N{EN DASH}", "at least 0.7", "\N{EN DASH}", "not measured"], "in"),
    ],
)
def test_each_figure_has_its_threshold_and_margin(
    check: Check, shown: list[str], colour: str
) -> None:
    html = _page(check)
    row = next(row for row in re.findall(r"<tr>.*?</tr>", html, re.S) if check.name in row)
    assert [part for part in shown if part not in _plain(row)] == []
    assert f'class="{colour}"' in row


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_two_figures_that_differ_are_not_shown_alike(value: float, beside: float) -> None:
    assert (_figure(value, beside) == _figure(beside, value)) == (value == beside)


def test_a_question_without_a_result_says_why() -> None:
    absences = [Absence("faithfulness", "Can it be trusted?", "not run")]
    verdict = verdict_of([], absences, Gate())
    words = {clause.question: clause.words for clause in verdict.clauses}
    assert words["maps"].endswith("faithfulness: not run.")
    assert verdict_of([], [], Gate(), has_failed=True).headline.endswith("and the run failed.")
