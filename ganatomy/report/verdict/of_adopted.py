"""The verdict of a page about a GAN that was trained elsewhere, by the parts that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ganatomy.report.parts import Absence, Part
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate, Question
from ganatomy.report.verdict.page_verdict import ANSWERED_BY
from ganatomy.report.verdict.verdict import Verdict

_DECIDE: tuple[Question, ...] = ("works", "copies", "discriminator", "maps")
_ABOUT: dict[str, tuple[Question, ...]] = {
    "generator": ("works", "classes", "copies"),
    "discriminator": ("discriminator", "maps"),
}
_WHY = {
    "training": "it was trained elsewhere",
    "features": "that takes training it again without each of them",
    "classes": "that takes an evaluator that was trained to tell them apart",
}
_WITHOUT_IMAGES = "no real images were given to compare them with"


def verdict_of_adopted(
    parts: Sequence[Part],
    absences: Sequence[Absence],
    given: Mapping[str, bool],
    gate: Gate | None = None,
) -> Verdict:
    """Put together what the sections answer, and say of each other question why nobody does.

    Those questions decide that were answered; where none was, whether its images are any good, or
    whether its discriminator is in order, remains to be decided.

    Parameters
    ----------
    parts : sequence of Part
    absences : sequence of Absence
        What is left out; its reason is told where a question needs it.
    given : mapping of str to bool
        Whether there are a ``generator``, a ``discriminator`` and real ``images``.
    gate : Gate, optional
        Its thresholds; which questions decide follows from what was answered.

    Examples
    --------
    >>> verdict = verdict_of_adopted([], [], {"generator": True, "discriminator": False})
    >>> verdict.headline
    'Not to be decided: whether its images are any good was not measured.'
    >>> {clause.question: clause.answer for clause in verdict.clauses}["discriminator"]
    'does not apply'
    """
    clauses = [clause for part in parts for clause in part.clauses]
    answered = {clause.question for clause in clauses}
    for network, questions in _ABOUT.items():
        if not given.get(network):
            words = f"No {network} was given."
            clauses += [
                Clause(question, "told", words)
                for question in questions
                if question not in answered
            ]
    asked = [name for name in _DECIDE if name in answered]
    first: Question = "works" if given.get("generator") else "discriminator"
    needed = tuple(asked) or (first,)
    return Verdict.of(clauses, replace(gate or Gate(), needed=needed), _reasons(absences, given))


def _reasons(absences: Sequence[Absence], given: Mapping[str, bool]) -> dict[str, str]:
    told = {absence.name: absence.reason for absence in absences}
    why = {question: told[name] for question, name in ANSWERED_BY.items() if name in told}
    if not given.get("images"):
        why |= dict.fromkeys(("works", "copies"), _WITHOUT_IMAGES)
    return why | _WHY
