"""The whole verdict: one answer for whoever must say yes or no, and the answers behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganatomy.report.verdict.clause import QUESTIONS, Clause, Outcome
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import counted

_MOST_LINES = 5
_ABSENT = "nothing on this page tells"
_IN_SHORT: dict[str, dict[str, str]] = {
    "works": {
        "yes": "its images reach the share of real ones that is asked",
        "no": "its images fall short of real ones",
        "unknown": "whether its images are any good was not measured",
    },
    "classes": {
        "yes": "no class is missing",
        "no": "classes are missing",
        "unknown": "whether classes are missing is not known",
    },
    "copies": {
        "yes": "no sign of copies was found",
        "no": "it copies training images",
        "unknown": "whether it copies is not known",
    },
    "training": {
        "yes": "the training held",
        "no": "the training did not hold",
        "unknown": "whether the training held is not known",
    },
    "discriminator": {
        "yes": "D may be explained",
        "no": "D is not in order",
        "unknown": "whether D is in order is not known",
    },
    "features": {
        "yes": "features that matter were found",
        "no": "no feature of a practical size was found",
        "unknown": "which features matter is not known",
    },
    "maps": {
        "yes": "there are maps that may be relied on",
        "no": "no map may be relied on",
        "unknown": "which maps may be relied on is not known",
    },
    "champion": {
        "yes": "it is better than the champion",
        "no": "it is worse than the champion",
        "unknown": "it cannot be told from the champion",
    },
}
_FIRST_TOLD = ("works", "features", "maps", "champion", *QUESTIONS)


@dataclass(frozen=True)
class Verdict:
    """All clauses in the order of `QUESTIONS`, and which of them decide.

    Attributes
    ----------
    clauses : tuple of Clause
    needed : tuple of str
        The questions that decide.
    has_failed : bool
        A stage of the run failed: what is not there cannot be said yes to.
    """

    clauses: tuple[Clause, ...]
    needed: tuple[str, ...]
    has_failed: bool = False

    @staticmethod
    def of(
        clauses: Sequence[Clause],
        gate: Gate,
        reasons: Mapping[str, str] | None = None,
        *,
        has_failed: bool = False,
    ) -> "Verdict":
        """Put clauses in order, and answer what nobody answered with "unknown".

        Parameters
        ----------
        clauses : sequence of Clause
            At most one for each question.
        gate : Gate
        reasons : mapping of str to str, optional
            Why a question has no clause, as the end of a sentence.
        has_failed : bool
        """
        given = {clause.question: clause for clause in clauses}
        asked = [name for name in QUESTIONS if name in given or _is_asked(name, gate)]
        found = [given.get(name) or _unanswered(name, reasons or {}) for name in asked]
        return Verdict(tuple(found), gate.needed, has_failed)

    @property
    def outcome(self) -> Outcome:
        """Say "no" where a question that decides has that answer, "yes" where all have that one.

        What is only told, as that data have no classes to miss, is no question to be answered.
        """
        answers = {self._answer(name) for name in self.needed} - {"told"}
        if "no" in answers:
            return "no"
        return "yes" if answers == {"yes"} and not self.has_failed else "unknown"

    @property
    def headline(self) -> str:
        """Say the outcome and why in one sentence."""
        outcome = self.outcome
        opening = {"yes": "Yes", "no": "No", "unknown": "Not to be decided"}[outcome]
        why = [self._in_short(name) for name in self.needed if self._answer(name) == outcome]
        if self.has_failed:
            why.append("the run failed")
        if not why:
            why = ["no question was put"]
        beside = [
            _IN_SHORT[clause.question]["no"]
            for clause in self.clauses
            if clause.outcome == "no" and clause.question not in self.needed
        ]
        return f"{opening}: {_listed(why)}{f'; but {_listed(beside)}' if beside else ''}."

    def _in_short(self, question: str) -> str:
        words = _IN_SHORT[question][self._answer(question)]
        given = (each.num_reservations for each in self.clauses if each.question == question)
        kept = next(given, 0)
        return f"{words}, with {counted(kept, 'reservation')}" if kept else words

    def _answer(self, question: str) -> Outcome:
        found = (clause.outcome for clause in self.clauses if clause.question == question)
        return next(found, "unknown")

    def lines(self) -> list[str]:
        """Say it in at most five lines: the headline, then what is wrong before what is right.

        What is right with a reservation stands between them.
        """
        order = {name: place for place, name in reversed(list(enumerate(_FIRST_TOLD)))}
        by_outcome = ("no", "unknown", "told", "yes")
        kept = sorted(
            self.clauses,
            key=lambda clause: (
                by_outcome.index(clause.outcome) // 2,
                not clause.num_reservations,
                order[clause.question],
            ),
        )
        return [self.headline, *(clause.words for clause in kept[: _MOST_LINES - 1])]

    def to_record(self) -> dict[str, Any]:
        """Give the verdict as plain values."""
        return {
            "outcome": self.outcome,
            "headline": self.headline,
            "lines": self.lines(),
            "needed": list(self.needed),
            "clauses": [clause.to_record() for clause in self.clauses],
        }


def _is_asked(question: str, gate: Gate) -> bool:
    """Nobody asks for the champion where there is none."""
    return question != "champion" or question in gate.needed


def _unanswered(question: str, reasons: Mapping[str, str]) -> Clause:
    words = f"{_IN_SHORT[question]['unknown']}: {reasons.get(question, _ABSENT)}."
    return Clause(question, "unknown", words[:1].upper() + words[1:])


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
