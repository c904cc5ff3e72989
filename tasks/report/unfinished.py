"""The page of a run that failed: what there is, with what failed and why at its head.

No stage: DVC knows nothing of it. ``python -m tasks.report.unfinished FILE`` is given a JSON file
with ``failure``, a text, and ``missing``, why each stage without a result has none.
"""

import sys
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.files import read_json, whole_folder, write_bytes
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import gather
from tasks.report.frame import frame
from tasks.report.params import Report
from tasks.report.writing import write_figures, write_summary
from tasks.shared.artifact_paths import PAGE, REPORTS, UNFINISHED


def main(failure: str, missing: dict[str, str]) -> None:
    """reports/* -> reports/unfinished"""
    parts, absences = gather(REPORTS, missing, forgiving=True)
    around = _frame()
    page = render_page(around, parts, absences, failure=failure, forgiving=True)
    with whole_folder(UNFINISHED) as folder:
        write_summary(folder, around.title, parts, failure)
        write_figures(folder, parts)
        write_bytes(folder / PAGE.name, page.encode())


def _frame() -> PageFrame:
    """Describe the run, as far as it got: where its data come from may not be known yet."""
    try:
        return frame()
    except InputError:
        return PageFrame(Report.load().title)


if __name__ == "__main__":
    given = read_json(Path(sys.argv[1]))
    main(given["failure"], given["missing"])
