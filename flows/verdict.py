"""The verdict of a run as the stage `report` wrote it down: read, never worded here."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from flows.places import VERDICT


@dataclass(frozen=True)
class ToldVerdict:
    """What a run's record says of it.

    Attributes
    ----------
    outcome : str
        ``yes``, ``no`` or ``unknown``.
    headline : str
        One sentence.
    lines : tuple of str
        A few more, the headline first.
    answers : dict of str to str
        The outcome of each question.
    """

    outcome: str
    headline: str
    lines: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)


def read(folder: Path) -> ToldVerdict | None:
    """Read the verdict below a folder of results; None of a run that left none."""
    try:
        told = json.loads((folder / VERDICT).read_text())
        return ToldVerdict(
            str(told["outcome"]),
            str(told["headline"]),
            tuple(str(line) for line in told["lines"]),
            {str(each["question"]): str(each["outcome"]) for each in told["clauses"]},
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None
