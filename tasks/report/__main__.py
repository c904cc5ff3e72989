"""Stage report: one page of everything that was found."""

from collections.abc import Sequence
from pathlib import Path

from ganatomy.files import safe_name, whole_folder, write_bytes
from ganatomy.report.contents import Part, gather
from ganatomy.report.page import Frame, render_page
from tasks.report.frame import frame
from tasks.shared import stage
from tasks.shared.events import Events
from tasks.shared.layout import PAGE, REPORTS
from tasks.shared.results import IMAGES, write_metrics


def main(events: Events) -> None:
    """reports/* -> reports/report.html, reports/report"""
    parts, absences = gather(REPORTS)
    events.progress(1, 2, "parts")
    around = frame()
    page = render_page(around, parts, absences).encode()
    with whole_folder(REPORTS / "report") as report:
        write_bytes(report / "summary.md", _summary(around, parts).encode())
        _write_figures(report / IMAGES, parts)
        num_figures = sum(len(part.figures) for part in parts)
        write_metrics(report, {"num_bytes": len(page), "num_figures": num_figures})
    write_bytes(PAGE, page)
    events.progress(2, 2, "parts")


def _write_figures(folder: Path, parts: Sequence[Part]) -> None:
    """Write each picture as ``<stage>/<key>.png`` or ``.gif``."""
    for part in parts:
        for key, content in part.figures.items():
            kind = "gif" if content.startswith(b"GIF8") else "png"
            write_bytes(folder / part.section.name / f"{safe_name(key)}.{kind}", content)


def _summary(around: Frame, parts: Sequence[Part]) -> str:
    """Write a few lines for whoever looks at the run before the page."""
    lead = [words for part in parts for words in part.lead]
    lines = [
        f"# {around.title}",
        "",
        *(f"- **warning: {alarm}**" for part in parts for alarm in part.alarms),
        f"- data: {', '.join(lead)}",
        *(f"- {line}" for part in parts for line in part.summary),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    stage.run(main, "report")
