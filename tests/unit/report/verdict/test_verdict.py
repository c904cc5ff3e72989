"""What a verdict says of its checks: never more, and never anything else."""

import json
import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.gan.training_guards import RULES as GUARDS
from ganatomy.metrics.discriminator.findings import RULES as HEALTH
from ganatomy.metrics.evaluator_skill import LEAST_SKILL
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import QUESTIONS, Clause, Outcome, outcome_of
from ganatomy.report.verdict.gate import Gate, HealthRule, Question, TrainingGuard
from ganatomy.report.verdict.verdict import Verdict

_figures = st.none() | st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])
_checks = st.builds(
    lambda maker, name, value, threshold, blocking: maker(
        name, value, threshold, is_blocking=blocking
    ),
    st.sampled_from([Check.at_least, Check.at_most]),
    st.sampled_from(["precision", "coverage", "findings"]),
    _figures,
    st.floats(-1e6, 1e6),
    st.booleans(),
)
_WORDS: dict[Outcome, str] = {"yes": "It is so.", "no": "It is not so.", "unknown": "Not known."}
_clauses = st.builds(
    lambda question, checks: Clause.judged(question, checks, _WORDS, "there"),
    st.sampled_from(sorted(QUESTIONS)),
    st.lists(_checks, max_size=4),
)
_verdicts = st.builds(
    lambda clauses, needed, failed: Verdict.of(
        clauses, Gate(needed=tuple(needed)), has_failed=failed
    ),
    st.lists(_clauses, max_size=8, unique_by=lambda clause: clause.question),
    st.lists(st.sampled_from(sorted(QUESTIONS)), unique=True),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("check", "margin", "passed"),
    [
        (Check.at_least("precision", 0.75, 0.5), 0.25, True),
        (Check.at_least("precision", 0.5, 0.5), 0.0, True),
        (Check.at_least("precision", 0.25, 0.5), -0.25, False),
        (Check.at_most("missing", 0, 0), 0.0, True),
        (Check.at_most("missing", 2, 0), -2.0, False),
        (Check.at_least("precision", None, 0.5), None, None),
        (Check.at_most("precision", math.nan, 0.5), None, None),
        (Check.at_least("precision", math.inf, 0.5), None, None),
    ],
)
def test_the_margin_lies_on_the_good_side(
    check: Check, margin: float | None, passed: bool | None
) -> None:
    assert (check.margin, check.passed) == (margin, passed)


@given(st.lists(_checks))
def test_one_blocking_failure_is_a_no_and_one_gap_is_no_yes(checks: list[Check]) -> None:
    blocking = [check.passed for check in checks if check.is_blocking]
    outcome = outcome_of(checks)
    assert (outcome == "no") == any(passed is False for passed in blocking)
    assert (outcome == "yes") == (len(blocking) > 0 and all(passed is True for passed in blocking))


@given(_verdicts)
def test_a_failed_check_of_a_question_that_decides_is_never_a_yes(verdict: Verdict) -> None:
    decides = [clause for clause in verdict.clauses if clause.question in verdict.needed]
    failed = any(
        check.is_blocking and check.passed is False for clause in decides for check in clause.checks
    )
    gap = not decides or any(
        check.is_blocking and check.passed is None for clause in decides for check in clause.checks
    )
    assert (verdict.outcome == "no") == failed
    assert not ((gap or verdict.has_failed) and verdict.outcome == "yes")
    assert verdict.outcome == "yes" or not verdict.headline.startswith("Yes")


@given(_verdicts)
def test_words_are_those_of_the_outcome(verdict: Verdict) -> None:
    opening = {"yes": "Yes: ", "no": "No: ", "unknown": "Not to be decided: "}
    assert verdict.headline.startswith(opening[verdict.outcome])
    for clause in verdict.clauses:
        if clause.checks:
            assert clause.words == _WORDS[outcome_of(clause.checks)]
        elif not clause.anchor:  # nobody answered it
            assert clause.outcome == "unknown"
            assert "not" in clause.words


@given(_verdicts)
def test_what_is_wrong_is_among_the_lines(verdict: Verdict) -> None:
    lines = verdict.lines()
    assert len(lines) <= 5
    assert lines[0] == verdict.headline
    wrong = [clause.words for clause in verdict.clauses if clause.outcome in ("no", "unknown")]
    assert set(lines[1:]) <= {clause.words for clause in verdict.clauses}
    assert set(wrong) <= set(lines) or len(lines) == 5


@given(_verdicts)
def test_the_record_is_plain_and_whole(verdict: Verdict) -> None:
    record = json.loads(json.dumps(verdict.to_record(), allow_nan=False))
    asked = [clause["question"] for clause in record["clauses"]]
    assert asked == [name for name in QUESTIONS if name in asked]
    assert set(QUESTIONS) - {"champion"} <= set(asked)
    assert record["outcome"] == verdict.outcome
    assert record["lines"] == verdict.lines()


def test_what_is_only_told_decides_nothing() -> None:
    told = Clause("classes", "told", "The data have no classes.")
    passed = Clause.judged("works", [Check.at_least("precision", 1, 0)], _WORDS, "there")
    needed = Gate(needed=("works", "classes"))
    assert Verdict.of([told], Gate(needed=("classes",))).outcome == "unknown"
    assert Verdict.of([told], needed).outcome == "unknown"
    assert Verdict.of([told, passed], needed).outcome == "yes"


def test_a_question_without_an_answer_says_why() -> None:
    verdict = Verdict.of([], Gate(), {"maps": "the stage faithfulness was not run"})
    words = {clause.question: clause.words for clause in verdict.clauses}
    assert words["maps"].endswith("the stage faithfulness was not run.")
    assert "champion" not in words
    assert verdict.outcome == "unknown"


def test_every_rule_of_the_gate_is_one_that_exists() -> None:
    assert set(get_args(Question)) == set(QUESTIONS)
    assert set(get_args(TrainingGuard)) == set(GUARDS)
    assert set(get_args(HealthRule)) == set(HEALTH)


def test_the_gate_may_ask_for_more_skill_than_figures_need_and_not_for_less() -> None:
    assert Gate().evaluator_skill == LEAST_SKILL


def test_a_yes_with_reservations_says_so_and_is_told_before_others() -> None:
    words: dict[Outcome, str] = {"yes": "Beware.", "no": "No.", "unknown": "?"}
    note = Check.at_most("findings: black", 1, 0, is_blocking=False)
    asked = Check.at_most("findings: noise", 0, 0)
    kept = Clause.judged("discriminator", [asked, note, note], words)
    maps = Clause.judged("maps", [Check.at_least("kinds", 1, 1)], {**words, "yes": "1 of 2."})
    sound = Clause.judged("works", [Check.at_least("precision", 1, 0.5)], {**words, "yes": "So."})
    verdict = Verdict((sound, kept, maps), ("works", "discriminator"))
    assert verdict.outcome == "yes"
    assert verdict.headline.endswith(" and D may be explained, with 2 reservations.")
    assert verdict.lines()[1:] == ["Beware.", "So.", "1 of 2."]
    assert (kept.answer, sound.answer, maps.answer) == ("yes, with 2 reservations", "yes", "")
    failed = Clause.judged("discriminator", [Check.at_most("findings: noise", 1, 0), note], words)
    assert (failed.answer, failed.num_reservations) == ("no", 0)
