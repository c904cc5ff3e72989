"""Where a run can be watched, and what its page says first: read, never worded here."""

import os
from pathlib import Path

from flows import verdict
from flows.masking import masked

PAGE = Path("reports/report.html")
_MOST_LINES = 5


def where_to_watch(prefect_page: str | None) -> list[str]:
    """Say where the run is to be seen besides this terminal.

    Parameters
    ----------
    prefect_page : str, optional
        The address of the flow run; None where the run has a server of its own, without pages.
    """
    record = os.environ["MLFLOW_TRACKING_URI"]
    mlflow = masked(record) if record.startswith("http") else "make ui   (in another terminal)"
    prefect = masked(prefect_page) if prefect_page else "make up   (in another terminal)"
    return [f"watch:   MLflow: {mlflow}", f"watch:   Prefect: {prefect}"]


def verdict_lines(root: Path) -> list[str]:
    """Give what the page's head says in at most five lines; none where an old run left none."""
    told = verdict.read(root)
    return [_printable(line) for line in told.lines[:_MOST_LINES]] if told is not None else []


def _printable(line: str) -> str:
    """Show a line as one: a name in it, such as a class's, could move the cursor or break it."""
    line = line.replace("\u00a0", " ")  # no-break spaces are the page's
    return "".join(letter if letter.isprintable() else f"[U+{ord(letter):04X}]" for letter in line)
