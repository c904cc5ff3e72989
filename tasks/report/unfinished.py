"""The page of a run without an end: what there is, with how the run stands at its head.

No stage: DVC knows nothing of it. ``python -m tasks.report.unfinished FILE`` is given a JSON file
with ``missing``, why each stage without a result has none, and either ``failure``, a text, where
the run failed, or ``going_on`` and ``run_dir``, where it is at work. It prints the seconds of
processor time that it took.
"""

import sys
import time
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.files import read_json, whole_folder, write_bytes
from ganatomy.marking import digest_of_generator
from ganatomy.report.beside import Beside
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import gather
from ganatomy.report.verdict.page_verdict import verdict_of
from tasks.params.gate import GateSection
from tasks.report.frame import frame
from tasks.report.going_on import GoingOn
from tasks.report.params import Report
from tasks.report.training_so_far import training_so_far
from tasks.report.writing import write_figures, write_summary
from tasks.shared.artifact_paths import GAN, PAGE, REPORTS, UNFINISHED
from tasks.shared.results import IMAGES


def main(failure: str, missing: dict[str, str]) -> None:
    """reports/* -> reports/unfinished, of a run that failed"""
    gate = GateSection.load().gate()
    parts, absences = gather(
        REPORTS, missing, gate=gate, forgiving=True, generator=digest_of_generator(GAN)
    )
    verdict = verdict_of(parts, absences, gate, has_failed=True)
    around = _frame()
    page = render_page(
        around,
        parts,
        absences,
        verdict=verdict,
        failure=failure,
        forgiving=True,
        beside=Beside(IMAGES),
    )
    with whole_folder(UNFINISHED) as folder:
        write_summary(folder, around.title, parts, verdict, failure)
        write_figures(folder, parts)
        write_bytes(folder / PAGE.name, page.encode())


def main_so_far(going_on: GoingOn, missing: dict[str, str], run_dir: Path) -> None:
    """reports/*, what stages say -> reports/unfinished/report.html, of a run that is at work"""
    parts, absences = gather(REPORTS, missing, forgiving=True)
    if going_on.is_at_work("train") and (live := training_so_far(run_dir)) is not None:
        parts.append(live)
    absences = [absence for absence in absences if absence.name not in missing]  # the head says so
    around = PageFrame(Report.load().title)  # of dvc.lock a part is yet an earlier run's
    beside, going = Beside(IMAGES), going_on.sentences()
    page = render_page(around, parts, absences, going_on=going, forgiving=True, beside=beside)
    beside.write(UNFINISHED)
    write_bytes(UNFINISHED / PAGE.name, page.encode())


def _frame() -> PageFrame:
    """Describe the run, as far as it got: where its data come from may not be known yet."""
    try:
        return frame()
    except InputError:
        return PageFrame(Report.load().title)


if __name__ == "__main__":
    given = read_json(Path(sys.argv[1]))
    if "going_on" in given:
        main_so_far(GoingOn(**given["going_on"]), given["missing"], Path(given["run_dir"]))
    else:
        main(given["failure"], given["missing"])
    print(time.process_time())
