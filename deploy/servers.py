"""`python deploy/servers.py up|down|status`: Prefect, MLflow and one worker, for this project only.

They go on without the terminal that started them; logs, process ids and addresses are in
.ganatomy/servers. Everything listens on 127.0.0.1, where nobody has to log in.

Exit codes: 0 done (status: all is up), 1 failed (status: not all is up), 2 bad input.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # this is run as a file: Python looks beside it only

from flows import settings  # noqa: E402

NAME = "ganatomy"  # of the work pool, the worker, the flow and its deployment
FOLDER = settings.STATE / "servers"
_HOST = "127.0.0.1"
_START_LIMIT_S = 180.0  # a Prefect server needs up to 36 s for the database of a fresh home
_DEPLOY_LIMIT_S = 180.0
_TELL_INTERVAL_S = 10.0
_SERVER_GRACE_S = 10.0
_RUN_GRACE_S = 30.0  # it ends its stages and completes its record first
_MARK = "GANATOMY_SERVERS"  # in the environment of all that `up` started, and of what they start

# a proxy of the user's is not to be asked for what is on this machine
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class BadInput(Exception):
    """What the user can mend."""


class Failed(Exception):
    """A server did not start, or ended."""


@dataclass(frozen=True)
class Started:
    """A process that is ours; its time of creation tells it from a later one of the same id."""

    name: str
    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """The process, if it is still there."""
        try:
            process = psutil.Process(self.pid)
            if process.create_time() != self.created or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        return process


@dataclass
class Up:
    """What was started, in the order of starting; kept in a file from the first process on."""

    prefect: str
    mlflow: str
    mark: str
    servers: list[Started] = field(default_factory=list)

    @staticmethod
    def read(root: Path) -> "Up | None":
        """What an earlier `up` wrote; None when nothing is up, or the file is of no use."""
        try:
            values = json.loads((root / FOLDER / "up.json").read_text())
            values["servers"] = [Started(**started) for started in values["servers"]]
            return Up(**values)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, root: Path) -> None:
        """Whole or not at all: `down` must be able to rely on it."""
        path = root / FOLDER / "up.json"
        partial = path.with_name("up.json.partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        os.replace(partial, path)

    def alive(self) -> list[str]:
        """Names of the servers that still run."""
        return [server.name for server in self.servers if server.process() is not None]

    def family(self, name: str) -> list[psutil.Process]:
        """A server and all that it started, also when it is itself gone.

        Who carries this start's mark is ours: no process id can be mistaken for another's.
        """
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):  # it ended, or it is another user's
                if process.environ().get(_MARK) == f"{self.mark}:{name}":
                    found.append(process)
        known = next((server.process() for server in self.servers if server.name == name), None)
        if known is not None and known not in found:
            found.append(known)  # its environment cannot be read everywhere
        return found


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="servers.py", description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("up", "down", "status"))
    what = parser.parse_args().what
    os.chdir(ROOT)  # so that relative paths, as in sqlite:///mlflow.db, mean this project
    settings.prepare(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if what == "status":
            return _status()
        with _alone():
            return up(ROOT) if what == "up" else down(ROOT)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder: two at once would each end, or start, what the other did."""
    (ROOT / FOLDER).mkdir(parents=True, exist_ok=True)
    with (ROOT / FOLDER / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                "another `make up` or `make down` is at work here: wait for it"
            ) from None
        yield


def up(root: Path) -> int:
    """Start what is not up; on any failure end what was started."""
    earlier = Up.read(root)
    if earlier is not None:
        if len(earlier.alive()) == 3:
            _check_answers(earlier)
            print("already up")
            _tell(earlier)
            return 0
        _say("servers", "not all of an earlier start is alive: starting again")
        _end_all(root, earlier)
    prefect, mlflow = _port("GANATOMY_PREFECT_PORT", 4200), _port("GANATOMY_MLFLOW_PORT", 5000)
    if prefect == mlflow:
        raise BadInput(
            f"GANATOMY_PREFECT_PORT and GANATOMY_MLFLOW_PORT are both {mlflow}: change one"
        )
    _check_free(prefect, "GANATOMY_PREFECT_PORT")
    _check_free(mlflow, "GANATOMY_MLFLOW_PORT")
    new = Up(f"http://{_HOST}:{prefect}", f"http://{_HOST}:{mlflow}", uuid.uuid4().hex)
    try:
        _start_all(root, new, prefect, mlflow)
    except BaseException:  # an interrupt too must leave nothing behind
        _end_all(root, new)
        raise
    _tell(new)
    return 0


def _check_answers(earlier: Up) -> None:
    """A server that is slow to answer may have a run to serve: nothing is ended unasked."""
    for url in (f"{earlier.prefect}/api/health", f"{earlier.mlflow}/health"):
        if not _answers(url, timeout_s=30):
            raise Failed(f"up, but {url} does not answer: try again, or `make down` and `make up`")


def _start_all(root: Path, new: Up, prefect: int, mlflow: int) -> None:
    environment = _environment(root, new)
    prefect_server = ["prefect", "server", "start", "--host", _HOST, "--port", str(prefect)]
    mlflow_server = ["mlflow", "server", "--host", _HOST, "--port", str(mlflow), "--workers", "1"]
    mlflow_server += ["--backend-store-uri", settings.DEFAULT_TRACKING_URI]
    # the folder that runs without this server write to: either can go on with what the other
    # began. MLflow's own choice, mlflow-artifacts:, can be used only while the server is up.
    mlflow_server += ["--default-artifact-root", str(root / "mlruns")]
    worker = ["prefect", "worker", "start", "--name", NAME, "--pool", NAME, "--type", "process"]
    # one run at a time, since all of them work on this folder; the others wait their turn
    worker += ["--limit", "1", "--install-policy", "never"]

    # side by side: both are slow to start
    _start(root, new, "prefect", prefect_server, environment)
    _start(root, new, "mlflow", mlflow_server, environment)
    _wait(root, new, "prefect", lambda: _answers(f"{new.prefect}/api/health"), new.prefect)
    _wait(root, new, "mlflow", lambda: _answers(f"{new.mlflow}/health"), new.mlflow)
    _close_lost(new)
    since = time.time()
    _start(root, new, "worker", worker, environment)
    _wait(root, new, "worker", lambda: _polls(new, since), f"work pool {NAME}")
    _deploy(root, new, environment)
    for server in new.servers:
        if server.process() is None:
            raise Failed(_ended(root, server.name))


def _environment(root: Path, new: Up) -> dict[str, str]:
    pages = f"{new.prefect},{new.prefect.replace(_HOST, 'localhost')}"
    local = ",".join(filter(None, [os.environ.get("NO_PROXY", ""), _HOST, "localhost"]))
    return {
        **os.environ,
        "PREFECT_API_URL": f"{new.prefect}/api",
        "MLFLOW_TRACKING_URI": new.mlflow,
        "GANATOMY_ROOT": str(root),
        "NO_PROXY": local,
        "no_proxy": local,
        # else any page that the user looks at elsewhere could have this worker run anything
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": pages,
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        # ten more processes, for judging language models: nothing that is done here
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONUNBUFFERED": "1",
    }


def _start(root: Path, new: Up, name: str, command: list[str], environment: dict[str, str]) -> None:
    """Start a process that goes on when this one and its terminal are gone."""
    log = _log(root, name)
    if log.exists():  # what ended last time may be the question of today
        log.replace(log.with_suffix(".previous.log"))
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=root,
            env={**environment, _MARK: f"{new.mark}:{name}"},
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
    _say(name, f"starting (log: {FOLDER / name}.log)")
    while not ready():
        now = time.time()
        if server.process() is None:
            raise Failed(_ended(root, name))
        if now - server.created > _START_LIMIT_S:
            what = f"{name} does not answer after {_START_LIMIT_S:.0f} s"
            raise Failed(f"{what}; the end of {FOLDER / name}.log:\n{_tail(root, name)}")
        if now - told > _TELL_INTERVAL_S:
            told = now
            _say(name, f"still starting, {now - server.created:.0f} s")
        time.sleep(0.25)
    _say(name, f"ready after {time.time() - server.created:.0f} s: {where}")


def _close_lost(new: Up) -> None:
    """Say in Prefect that runs have ended which a crash or a power cut has ended.

    No worker of ours is alive here: what still counts as running cannot be.
    """
    lost = _ask(
        f"{new.prefect}/api/flow_runs/filter",
        {
            "deployments": {"name": {"any_": [NAME]}},
            "flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}},
        },
    )
    for run in lost or []:
        state = {"type": "CRASHED", "message": "Its process is gone: found when starting again."}
        _ask(f"{new.prefect}/api/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
        _say("prefect", f"run {run['name']} was cut off earlier: marked as crashed")


def _deploy(root: Path, new: Up, environment: dict[str, str]) -> None:
    """Deploy prefect.yaml, unless the server has it as it is.

    A deployment made anew takes its schedule's `active` from the file: an `up` would silently
    switch off what someone switched on in the page. The folder counts as well, since Prefect
    fills it in when deploying.
    """
    wanted = hashlib.sha256((root / "prefect.yaml").read_bytes() + bytes(root)).hexdigest()
    note = root / FOLDER / "deployed"
    found = _ask(f"{new.prefect}/api/deployments/name/{NAME}/{NAME}")
    known = note.read_text().strip() if note.exists() else ""
    if found is not None and known == f"{wanted} {found['id']}":
        return
    _say("deployment", "deploying prefect.yaml")
    log = _log(root, "deploy")
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
    found = _ask(f"{new.prefect}/api/deployments/name/{NAME}/{NAME}")
    if done.returncode or found is None:
        raise Failed(f"prefect.yaml could not be deployed\n{_tail(root, 'deploy')}")
    note.write_text(f"{wanted} {found['id']}\n")


def down(root: Path) -> int:
    """End what `up` started."""
    found = Up.read(root)
    if found is None:
        print("nothing is up")
        return 0
    _end_all(root, found)
    print("down")
    return 0


def _end_all(root: Path, found: Up) -> None:
    """The worker first: its run can then still tell both servers how it ended."""
    for server in reversed(found.servers):
        family = found.family(server.name)
        if server.name == "worker":
            family = _end_run(server.process(), family)
        if _end(server.name, family, _SERVER_GRACE_S):
            _say(server.name, "ended")
    (root / FOLDER / "up.json").unlink(missing_ok=True)


def _end_run(worker: psutil.Process | None, family: list[psutil.Process]) -> list[psutil.Process]:
    """End the run that is at work; returns what is left of the family.

    A worker that is told to end kills its run, which then is RUNNING for ever in both servers. It
    is halted meanwhile, for it would start the next run in the place of this one.
    """
    run = [process for process in family if process != worker]
    if run:
        _say("worker", "ending the run that is at work")
        if worker is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.suspend()
        _end("run", run, _RUN_GRACE_S)
    return [process for process in family if process not in run]


def _end(name: str, family: list[psutil.Process], grace_s: float) -> bool:
    """Ask the head of a family to end, kill who is left after a while; False if there is nobody."""
    ids = {process.pid for process in family}
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() not in ids:
                process.terminate()
                process.resume()  # a halted process hears it only then
    if _gone(family, grace_s):
        return bool(family)
    _say(name, f"has not ended within {grace_s:.0f} s: killing it")
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    if not _gone(family, _SERVER_GRACE_S):
        raise Failed(f"{name} cannot be ended: processes {sorted(ids)}")
    return True


def _gone(family: list[psutil.Process], limit_s: float) -> bool:
    """Whether all end in time; one that only waits to be collected by its parent has ended."""
    deadline = time.monotonic() + limit_s
    while any(_lives(process) for process in family):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _status() -> int:
    found = Up.read(ROOT)
    alive = found.alive() if found is not None else []
    for name in ("prefect", "mlflow", "worker"):
        _say(name, "up" if name in alive else "not up")
    if found is None or len(alive) < 3:
        return 1
    _tell(found)
    return 0


def _tell(found: Up) -> None:
    """Where to look, and how to ask for a run."""
    command = Path(sys.executable).parent / "prefect"
    if command.is_relative_to(ROOT):
        command = command.relative_to(ROOT)
    print(f"Prefect: {found.prefect}")
    print(f"MLflow:  {found.mlflow}")
    print(
        f"A run:   PREFECT_API_URL={found.prefect}/api"
        f" {command} deployment run '{NAME}/{NAME}' --watch"
    )


def _say(name: str, text: str) -> None:
    print(f"{name:<12}{text}", flush=True)


def _log(root: Path, name: str) -> Path:
    return root / FOLDER / f"{name}.log"


def _tail(root: Path, name: str, num_lines: int = 12) -> str:
    lines = _log(root, name).read_text(errors="replace").splitlines()[-num_lines:]
    return "\n".join(f"  {line}" for line in lines)


def _ended(root: Path, name: str) -> str:
    return f"{name} ended while starting; the end of {FOLDER / name}.log:\n{_tail(root, name)}"


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip() or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise BadInput(f"{variable}={text} is not a port: a number from 1 to 65535")
    return int(text)


def _check_free(port: int, variable: str) -> None:
    with socket.socket() as probe:
        # as the servers do: what a server of a moment ago left in TIME_WAIT is no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except PermissionError:
            raise BadInput(
                f"port {port} needs more rights: set {variable} to one above 1023"
            ) from None
        except OSError:
            raise BadInput(
                f"port {port} is taken by {_holder(port)}: end it, or set {variable} to a free port"
            ) from None


def _holder(port: int) -> str:
    """Who listens there, as far as we may know."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status != psutil.CONN_LISTEN
                or getattr(connection.laddr, "port", 0) != port
            ):
                continue
            if connection.pid is not None:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another program"


def _answers(url: str, timeout_s: float = 5.0) -> bool:
    try:
        with _open(url, timeout=timeout_s) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _ask(url: str, body: Any = None) -> Any:
    """JSON from Prefect's API; None where there is no such thing."""
    try:
        if body is None:
            request = urllib.request.Request(url)
        else:
            token = f"{url.partition('/api/')[0]}/api/csrf-token?client={_MARK}"
            with _open(token, timeout=10) as answer:
                known = {
                    "Prefect-Csrf-Client": _MARK,
                    "Prefect-Csrf-Token": json.load(answer)["token"],
                }
            known["Content-Type"] = "application/json"
            request = urllib.request.Request(url, json.dumps(body).encode(), known)
        with _open(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise Failed(f"{url} answers {error.code}: {error.read(300)!r}") from None
    except OSError as error:
        raise Failed(f"{url} does not answer: {error}") from None


def _polls(new: Up, since: float) -> bool:
    """Whether the worker started at `since` asks for work; one of yesterday does not count."""
    try:
        workers = _ask(f"{new.prefect}/api/work_pools/{NAME}/workers/filter", {}) or []
    except Failed:  # too busy to answer just now
        return False
    return any(
        worker["name"] == NAME
        and datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp() > since
        for worker in workers
        if worker.get("last_heartbeat_time")
    )


if __name__ == "__main__":
    sys.exit(main())
