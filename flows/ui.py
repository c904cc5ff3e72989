"""`make ui`: MLflow's page on loopback, at the last run, in its face for the training of models."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import webbrowser
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from flows import ports, proxies, store
from flows.masking import masked
from flows.mlflow_names import ENTRY_TAG, VIEW, WORKFLOW
from flows.settings import EXPERIMENT

USUAL_PORT = 5000
_NUM_TRIED = 10
_API = "api/2.0/mlflow"
_ANSWER_LIMIT_S = 5.0


@dataclass(frozen=True)
class _Taken:
    """A port that cannot be had, and why."""

    port: int
    why: str


def show(root: Path, port: int | None) -> int:
    """Serve the record until Ctrl-C, or open the page of a server that has it already.

    Parameters
    ----------
    port : int, optional
        Without it the first free one from `USUAL_PORT` on: another program, or the same one of
        another clone, may have that.

    Returns
    -------
    int
        What the process ends with.
    """
    record = os.environ["MLFLOW_TRACKING_URI"]
    if record.startswith("http"):
        print(f"the record is kept by {masked(record)}")
        if _answers(record):
            _open(record)
        return 0
    try:
        for line in store.prepare(root):  # a server that is up may be of before a folder moved
            print(line)
    except sqlite3.Error as error:
        print(f"error: {store.reason(error)}. {store.remedy(root, error)}", file=sys.stderr)
        return 1
    taken = []
    for each in [port] if port is not None else range(USUAL_PORT, USUAL_PORT + _NUM_TRIED):
        try:
            ports.check_free(each)
        except (OSError, OverflowError) as error:
            if _is_ours(each, root):
                address = f"http://{ports.HOST}:{each}"
                print(f"MLflow of {root}: {address}   (is up already)")  # `make up`, `make ui`
                _open(address)
                return 0
            taken.append(_Taken(each, _why(each, error)))
            continue
        for other in taken:
            print(f"port {other.port} {other.why}: taking {each}")
        return _serve(root, each, record)
    for other in taken:
        print(f"error: port {other.port} {other.why}. Choose one with --port", file=sys.stderr)
    return 1


def _why(port: int, error: OSError | OverflowError) -> str:
    """Why a port cannot be had; an MLflow of another project is named by its folder."""
    with contextlib.suppress(psutil.Error):
        process = ports.holder(port)
        if process is not None and "mlflow" in " ".join(process.cmdline()):
            return f"is taken by MLflow of {process.cwd()} (process {process.pid})"
    return ports.why_not(port, error)


def _is_ours(port: int, root: Path) -> bool:
    """Whether it is this project's MLflow that listens there, and with this project's record."""
    with contextlib.suppress(psutil.Error):
        process = ports.holder(port)
        if process is None or Path(process.cwd()) != root.resolve():
            return False
        address = f"http://{ports.HOST}:{port}"
        return _answers(address) and _location(_experiment(address)) == _own_location(root)
    return False


def _location(experiment: dict[str, Any]) -> str:
    return str(experiment.get("artifact_location", ""))


def _own_location(root: Path) -> str:
    """Where the project's own store has the artifacts; "" where it has no run yet."""
    path = store.own(root)
    if path is None or not path.exists():
        return ""
    query = "SELECT artifact_location FROM experiments WHERE name = ?"
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
        found = database.execute(query, (EXPERIMENT,)).fetchone()
        return str(found[0]) if found else ""
    return ""


def _serve(root: Path, port: int, record: str) -> int:
    command = ["-m", "mlflow", "server", "--host", ports.HOST, "--port", str(port)]
    command += ["--workers", "1", "--default-artifact-root", str(root / "mlruns")]
    quiet = os.environ | {
        "PYTHONWARNINGS": "ignore",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_BACKEND_STORE_URI": record,  # no argument: those can be read by all on the machine
    }
    address = f"http://{ports.HOST}:{port}"
    print(f"MLflow of {root}: {address}   (Ctrl-C ends it)", flush=True)
    with subprocess.Popen([sys.executable, *command], env=quiet) as server:
        while server.poll() is None and not _answers(address):
            time.sleep(0.5)
        if server.poll() is None:
            _open(address)
    return server.returncode


def _open(address: str) -> None:
    """Open the last run, and say where it is and where all are."""
    experiment = _experiment(address)
    number = experiment.get("experiment_id", "")
    if not number:
        webbrowser.open(f"{address}/#/experiments?{WORKFLOW}")
        return
    page = f"{address}/#/experiments/{number}/runs"
    run = _last_run(address, number)
    last = f"{page}/{run}?{WORKFLOW}" if run else f"{page}?{WORKFLOW}"
    if run:
        print(f"last run: {masked(last)}")
    print(f"all runs: {masked(page)}?{WORKFLOW}&viewStateShareKey={VIEW}", flush=True)
    webbrowser.open(last)


def _experiment(address: str) -> dict[str, Any]:
    """The experiment as the server has it; nothing where it has none, or none can be asked."""
    query = urlencode({"experiment_name": EXPERIMENT})
    found = _ask(f"{address}/{_API}/experiments/get-by-name?{query}")
    return dict(found.get("experiment", {}))


def _last_run(address: str, experiment: str) -> str:
    """The id of the newest run of the pipeline, "" where there is none."""
    body = {
        "experiment_ids": [experiment],
        "filter": f"tags.`{ENTRY_TAG}` LIKE '%'",
        "order_by": ["attributes.start_time DESC"],
        "max_results": 1,
    }
    runs = _ask(f"{address}/{_API}/runs/search", body).get("runs", [])
    return str(runs[0]["info"]["run_id"]) if runs else ""


def _ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        with proxies.open_url(url, _ANSWER_LIMIT_S, body) as answer:
            return dict(json.load(answer))
    except (OSError, ValueError, HTTPException):
        return {}


def _answers(address: str) -> bool:
    try:
        with proxies.open_url(f"{address}/health", 2):
            return True
    except (OSError, HTTPException):  # also: an address with a password, which is not sent so
        return False
