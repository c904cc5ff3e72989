"""Starting the two servers and the worker, and deploying the flow."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psutil

from deploy.servers.ending import end_all
from deploy.servers.probes import answers, ask, check_free, port
from deploy.servers.state import FOLDER, MARK, BadInput, Failed, Started, Up, log_path, say, tail
from flows import settings, store
from flows.ports import HOST

NAME = "ganatomy"  # of the work pool, the worker, the flow and its deployment
_START_LIMIT_S = 180.0  # a Prefect server needs up to 36 s for the database of a fresh home
_DEPLOY_LIMIT_S = 180.0
_TELL_INTERVAL_S = 10.0


def up(root: Path) -> int:
    """Start what is not up; on any failure end what was started."""
    earlier = Up.read(root)
    if earlier is not None:
        if len(earlier.alive()) == 3:
            _check_answers(earlier)
            print("already up")
            tell(earlier)
            return 0
        say("servers", "not all of an earlier start is alive: starting again")
        end_all(root, earlier)
    prefect, mlflow = port("GANATOMY_PREFECT_PORT", 4200), port("GANATOMY_MLFLOW_PORT", 5000)
    if prefect == mlflow:
        raise BadInput(
            f"GANATOMY_PREFECT_PORT and GANATOMY_MLFLOW_PORT are both {mlflow}: change one"
        )
    check_free(prefect, "GANATOMY_PREFECT_PORT")
    check_free(mlflow, "GANATOMY_MLFLOW_PORT")
    new = Up(f"http://{HOST}:{prefect}", f"http://{HOST}:{mlflow}", uuid.uuid4().hex)
    try:
        _start_all(root, new, prefect, mlflow)
    except BaseException:  # an interrupt too must leave nothing behind
        end_all(root, new)
        raise
    tell(new)
    return 0


def _check_answers(earlier: Up) -> None:
    """A server that is slow to answer may have a run to serve: nothing is ended unasked."""
    for url in (f"{earlier.prefect}/api/health", f"{earlier.mlflow}/health"):
        if not answers(url, timeout_s=30):
            raise Failed(f"up, but {url} does not answer: try again, or `make down` and `make up`")


def _start_all(root: Path, new: Up, prefect: int, mlflow: int) -> None:
    environment = _environment(root, new)
    prefect_server = ["prefect", "server", "start", "--host", HOST, "--port", str(prefect)]
    mlflow_server = ["mlflow", "server", "--host", HOST, "--port", str(mlflow), "--workers", "1"]
    mlflow_server += ["--backend-store-uri", settings.DEFAULT_TRACKING_URI]
    # the folder that runs without this server write to: either can go on with what the other
    # began. MLflow's own choice, mlflow-artifacts:, can be used only while the server is up.
    mlflow_server += ["--default-artifact-root", str(root / "mlruns")]
    worker = ["prefect", "worker", "start", "--name", NAME, "--pool", NAME, "--type", "process"]
    # one run at a time, since all of them work on this folder; the others wait their turn
    worker += ["--limit", "1", "--install-policy", "never"]

    _prepare_store(root)
    # side by side: both are slow to start
    _start(root, new, "prefect", prefect_server, environment)
    _start(root, new, "mlflow", mlflow_server, environment)
    _wait(root, new, "prefect", lambda: answers(f"{new.prefect}/api/health"), new.prefect)
    _wait(root, new, "mlflow", lambda: answers(f"{new.mlflow}/health"), new.mlflow)
    _close_lost(new)
    since = time.time()
    _start(root, new, "worker", worker, environment)
    _wait(root, new, "worker", lambda: _polls(new, since), f"work pool {NAME}")
    _deploy(root, new, environment)
    for server in new.servers:
        if server.process() is None:
            raise Failed(_ended(root, server.name))


def _prepare_store(root: Path) -> None:
    try:
        for line in store.prepare(root, settings.DEFAULT_TRACKING_URI):
            say("mlflow", line)
    except sqlite3.Error as error:
        raise Failed(f"{settings.DEFAULT_TRACKING_URI}: {store.reason(error)}") from None


def _environment(root: Path, new: Up) -> dict[str, str]:
    pages = f"{new.prefect},{new.prefect.replace(HOST, 'localhost')}"
    return {
        **os.environ,
        "PREFECT_API_URL": f"{new.prefect}/api",
        "MLFLOW_TRACKING_URI": new.mlflow,
        "GANATOMY_ROOT": str(root),
        # else any page that the user looks at elsewhere could have this worker run anything
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": pages,
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        # ten more processes, for judging language models: nothing that is done here
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONUNBUFFERED": "1",
    }


def _start(root: Path, new: Up, name: str, command: list[str], environment: dict[str, str]) -> None:
    """Start a process that goes on when this one and its terminal are gone."""
    log = log_path(root, name)
    if log.exists():  # what ended last time may be the question of today
        log.replace(log.with_suffix(".previous.log"))
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=root,
            env={**environment, MARK: f"{new.mark}:{name}"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    new.servers.append(Started(name, process.pid, psutil.Process(process.pid).create_time()))
    new.write(root)


def _wait(root: Path, new: Up, name: str, ready: Callable[[], bool], where: str) -> None:
    """Wait for a server to answer, with a line now and then; it may end instead."""
    server = next(server for server in new.servers if server.name == name)
    told = time.time()
    say(name, f"starting (log: {FOLDER / name}.log)")
    while not ready():
        now = time.time()
        if server.process() is None:
            raise Failed(_ended(root, name))
        if now - server.created > _START_LIMIT_S:
            what = f"{name} does not answer after {_START_LIMIT_S:.0f} s"
            raise Failed(f"{what}; the end of {FOLDER / name}.log:\n{tail(root, name)}")
        if now - told > _TELL_INTERVAL_S:
            told = now
            say(name, f"still starting, {now - server.created:.0f} s")
        time.sleep(0.25)
    say(name, f"ready after {time.time() - server.created:.0f} s: {where}")


def _close_lost(new: Up) -> None:
    """Say in Prefect that runs have ended which a crash or a power cut has ended.

    No worker of ours is alive here: what still counts as running cannot be.
    """
    lost = ask(
        f"{new.prefect}/api/flow_runs/filter",
        {
            "deployments": {"name": {"any_": [NAME]}},
            "flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}},
        },
    )
    for run in lost or []:
        state = {"type": "CRASHED", "message": "Its process is gone: found when starting again."}
        ask(f"{new.prefect}/api/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
        say("prefect", f"run {run['name']} was cut off earlier: marked as crashed")


def _deploy(root: Path, new: Up, environment: dict[str, str]) -> None:
    """Deploy prefect.yaml, unless the server has it as it is.

    A deployment made anew takes its schedule's `active` from the file: an `up` would silently
    switch off what someone switched on in the page. The folder counts as well, since Prefect
    fills it in when deploying.
    """
    wanted = hashlib.sha256((root / "prefect.yaml").read_bytes() + bytes(root)).hexdigest()
    note = root / FOLDER / "deployed"
    found = ask(f"{new.prefect}/api/deployments/name/{NAME}/{NAME}")
    known = note.read_text().strip() if note.exists() else ""
    if found is not None and known == f"{wanted} {found['id']}":
        return
    say("deployment", "deploying prefect.yaml")
    log = log_path(root, "deploy")
    with log.open("wb") as file:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "prefect", "deploy", "--all", "--no-prompt"],
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=_DEPLOY_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"deploying took more than {_DEPLOY_LIMIT_S:.0f} s") from None
    found = ask(f"{new.prefect}/api/deployments/name/{NAME}/{NAME}")
    if done.returncode or found is None:
        raise Failed(f"prefect.yaml could not be deployed\n{tail(root, 'deploy')}")
    note.write_text(f"{wanted} {found['id']}\n")


def _polls(new: Up, since: float) -> bool:
    """Whether the worker started at `since` asks for work; one of yesterday does not count."""
    try:
        workers = ask(f"{new.prefect}/api/work_pools/{NAME}/workers/filter", {}) or []
    except Failed:  # too busy to answer just now
        return False
    return any(
        worker["name"] == NAME
        and datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp() > since
        for worker in workers
        if worker.get("last_heartbeat_time")
    )


def _ended(root: Path, name: str) -> str:
    return f"{name} ended while starting; the end of {FOLDER / name}.log:\n{tail(root, name)}"


def tell(found: Up) -> None:
    """Where to look, and how to ask for a run."""
    command = Path(sys.executable).parent / "prefect"
    if command.is_relative_to(settings.ROOT):
        command = command.relative_to(settings.ROOT)
    print(f"Prefect: {found.prefect}")
    print(f"MLflow:  {found.mlflow}")
    print(
        f"A run:   PREFECT_API_URL={found.prefect}/api"
        f" {command} deployment run '{NAME}/{NAME}' --watch"
    )
