"""What a run's page says for an audit, from the run's files, its parameters, and git."""

from typing import Any

from ganatomy.files import read_json
from ganatomy.report.audit import Audit
from tasks.report.params import Report
from tasks.report.sums import SUMS
from tasks.shared import provenance, repository
from tasks.shared.artifact_paths import REPORTS

_CARD = REPORTS / "prepare" / "card.json"
_LIST = REPORTS / "report" / SUMS


def audit(params: dict[str, Any], environment: dict[str, Any], *, sums_digest: str = "") -> Audit:
    """Describe the run in the current folder.

    Parameters
    ----------
    params : dict
        The values of params.yaml.
    environment : dict
        What `inputs/environment.json` has.
    sums_digest : str
        SHA-256 of the list of hashes; empty where a run has none, since it did not end.
    """
    told, run = Report.load(), provenance.run_id()
    facts = {
        "run": run,
        **_commit(params["gate"]),
        "machine": _machine(params, environment),
        "answers for it": told.author,
        "data": _source(),
        "origin of the data": told.origin,
        "licence of the data": told.licence or "not stated (`report.licence` in params.yaml)",
        f"SHA-256 of {_LIST}": sums_digest,
    }
    record = (
        "The page has no date of its own, so that the same inputs give the same bytes. When the run"
        " was made, and by whom, is in the record: in MLflow, the runs with"
        f" tags.results_id = '{run}'. Runs with equal results have the same id."
    )
    commands = _commands(sums_digest)
    return Audit(facts, told.intended_use, told.limits, record, commands)


def _commit(gate: dict[str, Any]) -> dict[str, str]:
    if not repository.has_commit():
        return {}
    return {
        "commit": f"{provenance.commit()}, {repository.commit_date()}",
        "repository": repository.url(),
        "thresholds last changed in": repository.gate_commit(gate),
    }


def _machine(params: dict[str, Any], environment: dict[str, Any]) -> str:
    threads = params["base"]["num_threads"]
    return (
        f"{environment['device']}, {threads} {'thread' if threads == 1 else 'threads'},"
        f" Python {environment['python']}, torch {environment['packages']['torch']}"
    )


def _source() -> str:
    """The data in the words of their source; empty where nothing was prepared."""
    return str(read_json(_CARD)["origin"]) if _CARD.exists() else ""


def _commands(sums_digest: str) -> dict[str, str]:
    listed = {
        f"sha256sum -c {_LIST}": "checks every file that this page was made from",
        f"sha256sum {_LIST}": "gives the SHA-256 above, so the list itself is the one of this page",
    }
    return {
        **(listed if sums_digest else {}),
        "make plan": "says which stages would run again, and why",
        "dvc status": "compares every file with its hash in dvc.lock",
        **(_replay() if repository.has_commit() else {}),
    }


def _replay() -> dict[str, str]:
    expected = (
        "the same bytes"
        if provenance.changes() == "none"
        else "but without the uncommitted changes that this run was made with"
    )
    return {
        f"git checkout {provenance.commit()} && make run": "makes the run anew: with the"
        f" parameters below in params.yaml and on such a machine, {expected}"
    }
