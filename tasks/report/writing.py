"""What a page leaves as files: itself, its pictures, its summary."""

from collections.abc import Sequence
from pathlib import Path

from ganatomy.files import write_bytes, write_json
from ganatomy.report.beside import path_of
from ganatomy.report.model_card import model_card
from ganatomy.report.numbering import Numbering
from ganatomy.report.page import PageFrame
from ganatomy.report.parts import Absence, Part
from ganatomy.report.twin import twin_of
from ganatomy.report.verdict.clause import QUESTIONS
from ganatomy.report.verdict.verdict import Verdict
from tasks.shared.artifact_paths import CARD
from tasks.shared.pictures import Place, write_places
from tasks.shared.results import IMAGES

SUMMARY, VERDICT, TWIN = "summary.md", "verdict.json", "report.json"


def write_figures(folder: Path, parts: Sequence[Part]) -> int:
    """Write each picture into ``images/<stage>``, as PNG or GIF; return how many there are."""
    places: dict[str, dict[str, Place]] = {}
    for part in parts:
        for name, content in part.figures.items():
            path = folder / IMAGES / path_of((part.section.stage, name), content)
            write_bytes(path, content)
            told = part.picture(name)
            of_stage = places.setdefault(part.section.stage, {})
            of_stage[path.name] = Place(told.key or name, told.step)
    for stage, each in places.items():
        write_places(folder / IMAGES / stage, each)
    return sum(len(part.figures) for part in parts)


def write_summary(
    folder: Path, title: str, parts: Sequence[Part], verdict: Verdict, failure: str = ""
) -> None:
    """Write the verdict, and a few lines for whoever looks at the run before the page."""
    write_json(folder / VERDICT, verdict.to_record())
    lead = [words for part in parts for words in part.lead]
    lines = [
        f"# {title}",
        "",
        *([f"**This run failed: {failure}**", ""] if failure else []),
        f"**{verdict.headline}**",
        "",
        *(f"- {QUESTIONS[clause.question]} {clause.words}" for clause in verdict.clauses),
        "",
        *(f"- **warning: {alarm}**" for part in parts for alarm in part.alarms),
        *([f"- data: {', '.join(lead)}"] if lead else []),
        *(f"- {line}" for part in parts for line in part.summary),
    ]
    write_bytes(folder / SUMMARY, ("\n".join(lines) + "\n").encode())


def write_twin(
    folder: Path,
    frame: PageFrame,
    parts: Sequence[Part],
    absences: Sequence[Absence],
    verdict: Verdict,
    figures: Numbering,
) -> None:
    """Write what the page says for programs, and the card that goes with the model."""
    twin = twin_of(frame, parts, absences, verdict, figures)
    write_json(folder / TWIN, twin)
    write_bytes(folder / CARD, model_card(twin).encode())
