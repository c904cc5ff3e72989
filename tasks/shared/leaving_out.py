"""A stage that has nothing to tell says why, and is done."""

from ganatomy.files import whole_folder
from ganatomy.report.left_out import leave_out
from tasks.shared.artifact_paths import REPORTS


def is_left_out(stage: str, reason: str) -> bool:
    """Write why a stage has nothing to tell, where there is a reason; say whether there is."""
    if reason:
        with whole_folder(REPORTS / stage) as report:
            leave_out(report, reason)
    return bool(reason)
