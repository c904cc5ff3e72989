"""What stands around the sections of a run's page: its title, its parameters, where it is from."""

import re
from typing import Any

from ganatomy.files import read_json
from ganatomy.report.page import PageFrame
from tasks.params.section import read_document
from tasks.report.audit import audit
from tasks.report.params import Report
from tasks.shared import provenance

_ABSOLUTE = re.compile(r"/|~|[A-Za-z]:[/\\]")
_SEPARATORS = re.compile(r"[/\\]")


def frame(*, sums_digest: str = "") -> PageFrame:
    """Describe the run in the current folder; `sums_digest` is its list of hashes, hashed."""
    params = read_document()
    environment = read_json(provenance.ENVIRONMENT)
    return PageFrame(
        Report.load().title,
        [f"seed {params['base']['seed']}", environment["device"]],
        without_folders(params),
        provenance.describe(),
        provenance.artifacts(),
        environment["packages"],
        provenance.run_id(),
        audit(params, environment, sums_digest=sums_digest),
    )


def without_folders(value: Any) -> Any:
    """Shorten every absolute path in parameters to its last name: folders tell of a machine."""
    if isinstance(value, dict):
        return {name: without_folders(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_folders(each) for each in value]
    if isinstance(value, str) and _ABSOLUTE.match(value):
        return f".../{_SEPARATORS.split(value.rstrip('/'))[-1]}"
    return value
