"""What stands around the sections of a run's page: its title, its parameters, where it is from."""

from ganatomy.files import read_json
from ganatomy.report.page import PageFrame
from tasks.params.section import read_document
from tasks.report.params import Report
from tasks.shared import provenance


def frame() -> PageFrame:
    """Describe the run in the current folder."""
    params = read_document()
    environment = read_json(provenance.ENVIRONMENT)
    return PageFrame(
        Report.load().title,
        [f"seed {params['base']['seed']}", environment["device"]],
        params,
        provenance.describe(),
        provenance.artifacts(),
        environment["packages"],
        provenance.lock_digest().removeprefix("sha256 ")[:12],
    )
