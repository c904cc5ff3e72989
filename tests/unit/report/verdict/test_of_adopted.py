"""The verdict on a GAN that was trained elsewhere: what was asked of it, and why not the rest."""

from types import SimpleNamespace
from typing import Any

import pytest

from ganatomy.report.parts import Absence
from ganatomy.report.verdict.clause import QUESTIONS, Clause
from ganatomy.report.verdict.of_adopted import verdict_of_adopted
from ganatomy.report.verdict.verdict import Verdict

HAS = {"generator": True, "discriminator": True, "images": True}


def _verdict(clauses: list[Clause], reasons: dict[str, str], **has: bool) -> Verdict:
    parts: list[Any] = [SimpleNamespace(clauses=(clause,)) for clause in clauses]
    absences = [Absence(name, "a title", reason) for name, reason in reasons.items()]
    return verdict_of_adopted(parts, absences, {**HAS, **has})


def _answers(verdict: Verdict) -> dict[str, tuple[str, str]]:
    return {clause.question: (clause.outcome, clause.words) for clause in verdict.clauses}


def test_of_a_generator_alone_nothing_is_said_of_a_discriminator() -> None:
    verdict = _verdict([], {"faithfulness": "none"}, discriminator=False, images=False)
    answers = _answers(verdict)
    for question in ("discriminator", "maps"):
        assert answers[question] == ("told", "No discriminator was given.")
    assert answers["works"] == (
        "unknown",
        "Whether its images are any good was not measured: no real images were given to compare "
        "them with.",
    )
    assert "trained elsewhere" in answers["training"][1]
    assert verdict.headline.startswith("Not to be decided: whether its images are any good")
    assert {*answers} == {*QUESTIONS} - {"champion"}


def test_of_a_discriminator_alone_it_decides_alone() -> None:
    in_order = Clause("discriminator", "yes", "It is.")
    verdict = _verdict([in_order], {"faithfulness": "it was stopped"}, generator=False)
    answers = _answers(verdict)
    for question in ("works", "classes", "copies"):
        assert answers[question] == ("told", "No generator was given.")
    assert answers["maps"] == (
        "unknown",
        "Which maps may be relied on is not known: it was stopped.",
    )
    assert verdict.needed == ("discriminator",)
    assert verdict.outcome == "yes"
    assert _verdict([], {}, generator=False).needed == ("discriminator",)


@pytest.mark.parametrize("outcome", ["yes", "no", "unknown"])
def test_what_was_answered_decides(outcome: Any) -> None:
    clauses = [Clause("discriminator", "yes", "It is."), Clause("maps", outcome, "Some.")]
    verdict = _verdict(clauses, {"evaluate": "only a run of the pipeline has it"})
    assert verdict.needed == ("discriminator", "maps")
    assert verdict.outcome == outcome
    assert "only a run of the pipeline has it" in _answers(verdict)["works"][1]


def test_an_answer_stands_though_a_network_is_missing() -> None:
    """As of a discriminator's maps on generated images that were given."""
    copies = Clause("copies", "no", "It copies.")
    verdict = _verdict([copies], {}, generator=False)
    assert _answers(verdict)["copies"] == ("no", "It copies.")
    assert verdict.outcome == "no"
