"""`make up` and `make down`: what they start, whom they let in, what they leave."""

import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.servers.probes import ask
from tests.harness import environment, flows, living, stage_is_training, wait_for

_RUN_LIMIT_S = 400
_MARK = "GANATOMY_SERVERS"

# a proxy of the user's is not to be asked for what is on this machine
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def _free_ports() -> dict[str, str]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return {
            "GANATOMY_PREFECT_PORT": str(first.getsockname()[1]),
            "GANATOMY_MLFLOW_PORT": str(second.getsockname()[1]),
        }


def _servers(project: Path, what: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.servers", what],
        cwd=project,
        env=environment() | variables,
        capture_output=True,
        text=True,
        timeout=400,
    )


@contextlib.contextmanager
def _up(project: Path) -> Iterator[dict[str, Any]]:
    """Servers while the block lasts; yields what up.json says of them."""
    ports = _free_ports()
    try:
        done = _servers(project, "up", **ports)
        assert done.returncode == 0, done.stdout + done.stderr
        found = _record(project)
        assert found["prefect"].endswith(ports["GANATOMY_PREFECT_PORT"])
        assert found["mlflow"].endswith(ports["GANATOMY_MLFLOW_PORT"])
        yield found
    finally:
        _servers(project, "down")


def _record(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / ".ganatomy/servers/up.json").read_text())
    return found


def _json(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with _open(request, timeout=30) as answer:
        return json.load(answer)


def _ask_for_a_run(project: Path, found: dict[str, Any], *parameters: str) -> str:
    """As a user does, with Prefect's own command; the run's id."""
    prefect = Path(sys.executable).parent / "prefect"
    command = [str(prefect), "deployment", "run", "ganatomy/ganatomy"]
    for parameter in parameters:
        command += ["-p", parameter]
    done = subprocess.run(
        command,
        cwd=project,
        env=environment()
        | {"PREFECT_API_URL": f"{found['prefect']}/api", "PREFECT_HOME": str(project / ".prefect")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(re.findall(r"UUID: (\S+)", done.stdout)[0])


def _state(project: Path, found: dict[str, Any], run_id: str) -> str:
    """The run's state; one that ended badly is a failure here and now."""
    state = _json(f"{found['prefect']}/api/flow_runs/{run_id}")["state"]
    log = (project / ".ganatomy/servers/worker.log").read_text()
    assert state["type"] not in ("FAILED", "CRASHED", "CANCELLED"), f"{state}\n{log}"
    return str(state["type"])


def _pages_elsewhere_are_refused(found: dict[str, Any]) -> None:
    """A browser sends such a request for any page without asking: it must change nothing."""
    foreign = {"Origin": "http://elsewhere.example", "Content-Type": "text/plain"}
    for url in (
        f"{found['prefect']}/api/variables/",
        f"{found['mlflow']}/api/2.0/mlflow/experiments/create",
    ):
        request = urllib.request.Request(url, b'{"name": "x", "value": 1}', foreign)
        with pytest.raises(urllib.error.HTTPError) as caught:
            _open(request, timeout=30)
        assert caught.value.code == 403
        assert caught.value.headers["Access-Control-Allow-Origin"] is None


def _family(found: dict[str, Any]) -> list[psutil.Process]:
    """What was started, and what that started."""
    heads = [psutil.Process(server["pid"]) for server in found["servers"]]
    return [process for head in heads for process in [head, *head.children(recursive=True)]]


def _nobody_is_left(project: Path, family: list[psutil.Process]) -> bool:
    alive = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    return not alive and not living(project)


def _parent_runs(project: Path) -> list[str]:
    """The status of every pipeline run in MLflow's file, oldest first."""
    with contextlib.closing(sqlite3.connect(project / "mlflow.db")) as database:
        rows = database.execute(
            "select status from runs where run_uuid not in"
            " (select run_uuid from tags where key = 'mlflow.parentRunId') order by start_time"
        )
        return [status for (status,) in rows]


def _shows_what_came_of_it(
    project: Path, found: dict[str, Any], asked: str, parent: dict[str, Any]
) -> None:
    """Prefect's pages: MLflow's name, the verdict, links that are links."""
    run = _json(f"{found['prefect']}/api/flow_runs/{asked}")
    told = json.loads((project / "reports" / "report" / "verdict.json").read_text())
    assert run["name"] == parent["run_name"]
    assert run["state"]["message"] == told["headline"]
    assert {"profile: smoke", f"verdict: {told['outcome']}"} <= set(run["tags"])
    of_run = {"artifacts": {"flow_run_id": {"any_": [asked]}}}
    artifacts = ask(f"{found['prefect']}/api/artifacts/filter", of_run)
    links = {each["key"]: each["data"] for each in artifacts if each["key"] in ("page", "mlflow")}
    page = f"{found['mlflow']}/#/experiments/1/runs/{parent['run_id']}"
    assert f"({page}/artifacts/report.html?" in links["page"]
    assert f"({page}?" in links["mlflow"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_on_request(project: Path) -> None:
    with _up(project) as found:
        family = _family(found)
        assert len(found["servers"]) == 3

        listening = {
            connection.laddr
            for process in family
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert {address[0] for address in listening} == {"127.0.0.1"}
        assert {str(address[1]) for address in listening} >= {
            found[name].rpartition(":")[2] for name in ("prefect", "mlflow")
        }
        for name in ("prefect", "mlflow"):
            with _open(found[name], timeout=30) as page:
                assert b"<html" in page.read().lower()

        _pages_elsewhere_are_refused(found)

        again = _servers(project, "up")
        assert again.returncode == 0
        assert again.stdout.startswith("already up")
        assert _record(project) == found
        assert _servers(project, "status").returncode == 0

        deployment = _json(f"{found['prefect']}/api/deployments/name/ganatomy/ganatomy")
        assert [schedule["active"] for schedule in deployment["schedules"]] == [False]
        form = deployment["parameter_openapi_schema"]["properties"]
        assert "smoke" in form["profile"]["enum"]

        asked = _ask_for_a_run(project, found, "profile=smoke")
        wait_for(
            lambda: _state(project, found, asked) == "COMPLETED", _RUN_LIMIT_S, "run completed"
        )
        page_on_disk = (project / "reports" / "report.html").read_bytes()

        api = f"{found['mlflow']}/api/2.0/mlflow"
        experiment = _json(f"{api}/experiments/get-by-name?experiment_name=ganatomy")["experiment"]
        query = {"experiment_ids": [experiment["experiment_id"]], "max_results": 100}
        runs = _json(f"{api}/runs/search", query)["runs"]
        parents = [
            run
            for run in runs
            if all(tag["key"] != "mlflow.parentRunId" for tag in run["data"]["tags"])
        ]
        assert [run["info"]["status"] for run in parents] == ["FINISHED"]
        run_id = parents[0]["info"]["run_id"]
        where = f"{found['mlflow']}/get-artifact?path=report.html&run_uuid={run_id}"
        with _open(where, timeout=30) as answer:
            assert answer.read() == page_on_disk

        _shows_what_came_of_it(project, found, asked, parents[0]["info"])

        done = _servers(project, "down")
        assert done.returncode == 0, done.stdout + done.stderr
        assert _nobody_is_left(project, family)
    assert _servers(project, "down").stdout == "nothing is up\n"

    # a run without servers goes on in the same record, its artifacts too
    done = flows(project, "run")
    assert done.returncode == 0, done.stderr
    assert _parent_runs(project) == ["FINISHED", "FINISHED"]
    assert not list((project / ".ganatomy").glob("spool/*"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_down_ends_the_run_that_is_at_work(project: Path) -> None:
    with _up(project) as found:
        family = _family(found)
        asked = _ask_for_a_run(project, found, "profile=smoke", 'overrides=["train.epochs=2000"]')
        wait_for(
            lambda: (
                _state(project, found, asked) == "RUNNING" and stage_is_training(project, "train")
            ),
            _RUN_LIMIT_S,
            "train at work",
        )
        family += _family(found)
        done = _servers(project, "down")
        assert done.returncode == 0, done.stdout + done.stderr
        assert _nobody_is_left(project, family)
    with contextlib.closing(sqlite3.connect(project / ".prefect" / "prefect.db")) as database:
        states = [state for (state,) in database.execute("select state_type from flow_run")]
    assert states == ["CRASHED"]  # and not RUNNING for ever
    assert _parent_runs(project) == ["KILLED"]


@pytest.mark.parametrize("variable", ["GANATOMY_PREFECT_PORT", "GANATOMY_MLFLOW_PORT"])
def test_a_taken_port_is_one_line(project: Path, variable: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = _servers(project, "up", **{**_free_ports(), variable: port})
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    for word in (port, variable, f"process {os.getpid()}"):
        assert word in done.stderr
    assert not (project / ".ganatomy/servers/up.json").exists()
    assert living(project) == []


@pytest.mark.parametrize("port", ["nine", "0", "65536", "-1"])
def test_a_port_that_is_none_is_one_line(project: Path, port: str) -> None:
    done = _servers(project, "up", GANATOMY_PREFECT_PORT=port)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: GANATOMY_PREFECT_PORT={port} is not a port: a number from 1 to 65535\n"
    )


def test_one_port_for_both_is_one_line(project: Path) -> None:
    port = _free_ports()["GANATOMY_MLFLOW_PORT"]
    done = _servers(project, "up", GANATOMY_PREFECT_PORT=port, GANATOMY_MLFLOW_PORT=port)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_nothing_up(project: Path) -> None:
    done = _servers(project, "down")
    assert (done.returncode, done.stdout) == (0, "nothing is up\n")
    assert _servers(project, "status").returncode == 1


def test_down_ends_what_is_ours_and_nobody_else(project: Path) -> None:
    """A process id may belong to someone else by now; an orphan of ours is in no file."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    stranger = subprocess.Popen(sleeper)
    orphan = subprocess.Popen(sleeper, env=environment() | {_MARK: "abc:worker"})
    folder = project / ".ganatomy" / "servers"
    folder.mkdir(parents=True)
    gone = {"name": "worker", "pid": stranger.pid, "created": time.time() - 3600}
    (folder / "up.json").write_text(
        json.dumps({"prefect": "", "mlflow": "", "mark": "abc", "servers": [gone]})
    )
    try:
        done = _servers(project, "down")
        assert done.returncode == 0, done.stderr
        assert orphan.wait(10) != 0
        assert stranger.poll() is None
    finally:
        for process in (stranger, orphan):
            process.kill()
            process.wait()
