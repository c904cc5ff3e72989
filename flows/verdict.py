"""The verdict of a run as the stage `report` wrote it down: read, never worded here."""

import json
from dataclasses import dataclass, field
from pathlib import Path

VERDICT = Path("reports/report/verdict.json")


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


def in_markdown(told: ToldVerdict | None) -> str:
    """Say it in a few lines of Markdown; nothing where there is none."""
    if told is None:
        return ""
    lines = "".join(f"- {line}\n" for line in told.lines if line != told.headline)
    return f"**{told.headline}**\n\n{lines}\n"


def first(told: ToldVerdict | None, summary: str) -> str:
    """A summary that begins with the verdict: its own, where it tells it below a title."""
    if told is None or told.headline not in summary:
        return in_markdown(told) + summary
    title, _, rest = summary.partition("\n")
    return rest.lstrip("\n") if title.startswith("# ") else summary
