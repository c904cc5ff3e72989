"""Stage report: one page of everything that was found."""

from hashlib import sha256

from ganatomy.files import whole_folder, write_bytes
from ganatomy.marking import digest_of_generator
from ganatomy.report.beside import Beside
from ganatomy.report.numbering import Numbering
from ganatomy.report.page import render_page
from ganatomy.report.parts import gather
from ganatomy.report.verdict.page_verdict import verdict_of
from tasks.params.gate import GateSection
from tasks.report import headline
from tasks.report.frame import frame
from tasks.report.sums import SUMS, sums
from tasks.report.writing import write_figures, write_summary, write_twin
from tasks.shared import stage
from tasks.shared.artifact_paths import GAN, PAGE, REPORTS
from tasks.shared.events import Events
from tasks.shared.results import IMAGES, write_metrics


def main(events: Events) -> None:
    """reports/* -> reports/report.html, reports/report"""
    gate = GateSection.load().gate()
    parts, absences = gather(REPORTS, gate=gate, generator=digest_of_generator(GAN))
    verdict = verdict_of(parts, absences, gate)
    events.progress(1, 2, "parts")
    listed, figures = sums(), Numbering()
    around = frame(sums_digest=sha256(listed).hexdigest())
    beside = Beside(f"report/{IMAGES}")  # every picture is written there in any case
    page = render_page(
        around, parts, absences, verdict=verdict, figures=figures, beside=beside
    ).encode()
    with whole_folder(REPORTS / "report") as report:
        write_summary(report, around.title, parts, verdict)
        write_twin(report, around, parts, absences, verdict, figures)
        headline.write(report)
        write_bytes(report / SUMS, listed)
        num_figures = write_figures(report, parts)
        write_metrics(report, {"num_bytes": len(page), "num_figures": num_figures})
    write_bytes(PAGE, page)
    events.progress(2, 2, "parts")


if __name__ == "__main__":
    stage.run(main, "report")
