"""One question about a run, its answer, and what the answer rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ganatomy.report.verdict.check import Check
from ganatomy.wording import counted

Outcome = Literal["yes", "no", "unknown", "told"]

QUESTIONS = {
    "works": "Does it work?",
    "classes": "Does it make every class?",
    "copies": "Are its images its own?",
    "training": "Did the training hold?",
    "discriminator": "Does D mean what it says?",
    "features": "Which features matter?",
    "maps": "Which maps may be relied on?",
    "champion": "Is it better than the last champion?",
}
"""The questions in their order, with their words."""
_ANSWERS = {"yes": "yes", "no": "no", "unknown": "not known", "told": "does not apply"}
_WHICH = {**_ANSWERS, "yes": "", "no": "none"}


@dataclass(frozen=True)
class Clause:
    """The answer to one question.

    Attributes
    ----------
    question : str
        A key of `QUESTIONS`.
    outcome : str in {"yes", "no", "unknown", "told"}
        "told" is a fact that nobody judges.
    words : str
        One sentence, or two.
    anchor : str
        Of the evidence on the page; "" where there is none.
    checks : tuple of Check
    """

    question: str
    outcome: Outcome
    words: str
    anchor: str = ""
    checks: tuple[Check, ...] = ()

    @staticmethod
    def judged(
        question: str, checks: Sequence[Check], words: Mapping[Outcome, str], anchor: str = ""
    ) -> "Clause":
        """Answer by what the checks say: the words are those of the outcome, never others.

        Parameters
        ----------
        question : str
        checks : sequence of Check
        words : mapping of str to str
            For "yes", "no" and "unknown".
        anchor : str
        """
        outcome = outcome_of(checks)
        return Clause(question, outcome, words[outcome], anchor, tuple(checks))

    @property
    def num_reservations(self) -> int:
        """Count the notes that failed beside a yes."""
        failed = [check for check in self.checks if check.passed is False]
        return len(failed) if self.outcome == "yes" else 0

    @property
    def answer(self) -> str:
        """Answer in a word or two; a question that begins with "Which" has no yes."""
        if QUESTIONS[self.question].startswith("Which"):
            return _WHICH[self.outcome]
        kept = self.num_reservations
        return f"yes, with {counted(kept, 'reservation')}" if kept else _ANSWERS[self.outcome]

    def to_record(self) -> dict[str, Any]:
        """Give the clause as plain values."""
        checks = [asdict(check) for check in self.checks]
        title = QUESTIONS[self.question]
        return {**vars(self), "title": title, "answer": self.answer, "checks": checks}


def outcome_of(checks: Sequence[Check]) -> Outcome:
    """Say "no" where a blocking check failed, "unknown" where one was not measured, else "yes".

    Without any blocking check nothing was asked, and the answer is "unknown".
    """
    blocking = [check.passed for check in checks if check.is_blocking]
    if False in blocking:
        return "no"
    return "yes" if blocking and None not in blocking else "unknown"
