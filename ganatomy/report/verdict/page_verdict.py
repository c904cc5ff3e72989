"""The verdict of a whole page, from what its sections answer."""

from collections.abc import Sequence

from ganatomy.report.parts import Absence, Part
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.verdict import Verdict

ANSWERED_BY = {
    "works": "evaluate",
    "classes": "evaluate",
    "copies": "evaluate",
    "training": "train",
    "discriminator": "discriminator",
    "features": "importance",
    "maps": "faithfulness",
}
"""The section that answers each question."""


def verdict_of(
    parts: Sequence[Part], absences: Sequence[Absence], gate: Gate, *, has_failed: bool = False
) -> Verdict:
    """Put the clauses of all sections together, and say why a question has none.

    Parameters
    ----------
    parts : sequence of Part
    absences : sequence of Absence
        What is left out; its reason is told where a question needs it.
    gate : Gate
    has_failed : bool
        A stage of the run failed.
    """
    reasons = {absence.name: absence.reason for absence in absences}
    why = {
        question: f"{section}: {reasons[section]}"
        for question, section in ANSWERED_BY.items()
        if section in reasons
    }
    clauses = [clause for part in parts for clause in part.clauses]
    return Verdict.of(clauses, gate, why, has_failed=has_failed)
