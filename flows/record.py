"""The record of a run in MLflow, kept beside the work and never in its way.

A thread of its own talks to MLflow, so a slow or absent server delays no stage. What is live is
sent as it comes and may get lost; what is final is published from disk at the end. From before the
first stage until it is complete the run is noted in the spool, where a later run finds it.
"""

import contextlib
import hashlib
import json
import logging
import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from flows import entry, lockfile, origin, spool, store
from flows.entry import RunEntry, StageEntry
from flows.masking import masked
from flows.mlflow_names import COMMIT_TAG, PAGE_IN_TAG, PROFILE_TAG, RESULTS_TAG, WORKFLOW
from flows.standing import Standing
from flows.status import LastRun
from flows.watch import Event
from ganatomy.files import sha256_of
from tasks.inputs.environment import environment
from tasks.params.section import read_document, told_file
from tasks.shared import provenance
from tasks.shared.artifact_paths import PAGE

_LIVE_INTERVAL_S = 1.0
_PUBLISH_LIMIT_S = 600.0
# until MLflow knows of the run; stages wait for it, but not for a server that may be away
_OPEN_LIMIT_S = 30.0
_OPEN_AT_SERVER_LIMIT_S = 5.0
logger = logging.getLogger("ganatomy.record")


def load_tracker() -> None:
    """Import what talks to MLflow, in a thread: that takes longer than all else of a short run."""

    def load() -> None:
        with contextlib.suppress(Exception):  # who needs it tells
            from flows import publish  # noqa: F401

    threading.Thread(target=load, name="tracker", daemon=True).start()


class Record:
    """A listener that keeps the record; a context that ends it whatever happens.

    Parameters
    ----------
    flow_run : str
        Prefect's id of the run.
    """

    def __init__(self, root: Path, name: str, stages: list[str], flow_run: str = "none") -> None:
        self._root = root
        self._entry = RunEntry(
            name,
            "RUNNING",
            _now(),
            id=f"{name}-{uuid.uuid4().hex[:12]}",
            tags=_tags(root) | origin.tags(root) | {"prefect_flow_run": flow_run},
            params=entry.flat(read_document(root / told_file())),
            stages=[StageEntry(stage) for stage in stages],
        )
        self._last = LastRun(name, "RUNNING", masked(os.environ["MLFLOW_TRACKING_URI"]))
        self._by_name = {stage.name: stage for stage in self._entry.stages}
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._live: dict[str, list[Event]] = {}
        self._lock = threading.Lock()
        self._failed = False
        self._client: Any = None
        self._experiment = ""
        self._finished = False
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    def __enter__(self) -> Self:
        """Note the run, on disk in any case and in MLflow if it answers in time."""
        spool.sweep(self._root)
        self._note()
        self._keep_outcome()
        self._thread.start()
        self._work.put(self._open)
        at_server = os.environ["MLFLOW_TRACKING_URI"].startswith("http")
        self._opened.wait(_OPEN_AT_SERVER_LIMIT_S if at_server else _OPEN_LIMIT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._finished:
            stopped = kind is not None and not issubclass(kind, Exception)
            self._close("KILLED" if stopped else "FAILED")

    def finish(self) -> None:
        """The run went well: complete the record before its summary is shown."""
        self._close("FINISHED")

    def where(self) -> str:
        """Where to look at the record."""
        if not self._last.recorded:
            return self._last.lines()[-1]
        return f"run {self._entry.run_id}, {self._last.store}"

    @property
    def name(self) -> str:
        """The run's, in MLflow and in Prefect."""
        return self._entry.name

    def profile(self) -> str:
        """The profile that the run's parameters are nearest to."""
        return self._entry.tags[PROFILE_TAG]

    def commit(self) -> str:
        """The commit's SHA-1; "" where there is none."""
        return self._entry.tags.get(COMMIT_TAG, "")

    def link(self) -> str:
        """The address of the run's page; "" where no server shows it."""
        return self._link_to(self._entry.run_id)

    def page_link(self) -> str:
        """The address of the report in MLflow; "" where no server shows it, or has it whole."""
        if not self.link() or not self._last.recorded:
            return ""
        holder = self._client.get_run(self._entry.run_id).data.tags.get(PAGE_IN_TAG)
        return self._link_to(holder or self._entry.run_id, f"/artifacts/{PAGE.name}")

    def _link_to(self, run_id: str, below: str = "") -> str:
        scheme, _, address = os.environ["MLFLOW_TRACKING_URI"].partition("://")
        if not scheme.startswith("http") or not run_id:
            return ""
        host = address.rpartition("@")[2].rstrip("/")  # a link holds no password
        page = f"{scheme}://{host}/#/experiments/{self._experiment}/runs/{run_id}{below}"
        return f"{page}?{WORKFLOW}"

    def stage_started(self, stage: str) -> None:
        """Note the time."""
        self._by_name[stage].started_ms = _now()
        self._note()

    def stage_said(self, stage: str, event: Event) -> None:
        """Collect what is to be seen live; sent in batches."""
        if event["kind"] not in ("metric", "image", "row"):
            return
        with self._lock:
            first = not self._live
            self._live.setdefault(stage, []).append(event)
        if first:
            self._work.put(self._send_live)

    def stage_ended(self, stage: str, outcome: str, seconds: float, left: str = "") -> None:
        """Note the outcome and what it left."""
        noted = self._by_name[stage]
        noted.outcome, noted.ended_ms = outcome, _now()
        noted.started_ms = noted.started_ms or noted.ended_ms
        self._note()

    def run_said(self, text: str) -> None:
        """Nothing: what a run says of its length is not what happened."""

    def run_stands(self, standing: Standing) -> None:
        """Nothing: it is another a second later."""

    def _note(self) -> None:
        """Keep on disk how far the run is, for the case that it is killed."""
        with self._lock:
            self._keep(spool.note)

    def _keep_outcome(self) -> None:
        with contextlib.suppress(OSError):  # a full disk must not end a training
            self._last.write(self._root)

    def _keep(self, write: Callable[[Path, RunEntry], Path]) -> None:
        """Write to the spool; a full disk must not end a training, nor keep MLflow from the run."""
        try:
            write(self._root, self._entry)
        except OSError as error:
            logger.warning("the record cannot be kept on disk: %s", error)

    # what follows runs in the record's own thread, but for _close

    def _run(self) -> None:
        while (job := self._work.get()) is not None:
            try:
                job()
            except Exception as error:  # whatever the tracker does must not end a training
                self._failed = True
                self._last.why = store.reason(error)
                self._last.remedy = store.remedy(self._root, error)
                logger.warning("MLflow: %s", self._last.why)

    def _open(self) -> None:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        try:
            from flows import publish

            logging.getLogger("mlflow").setLevel(logging.ERROR)
            self._last.notices += store.prepare(self._root)
            self._client, self._experiment, restored = publish.connect()
            self._last.notices += restored
            publish.reconcile(self._client, self._experiment, _is_gone)
            self._entry.run_id = publish.open_run(self._client, self._experiment, self._entry)
        finally:
            self._opened.set()
        self._publish_waiting()

    def _publish_waiting(self) -> None:
        from flows import publish

        for folder in spool.waiting(self._root):
            if folder.name == self._entry.id:
                continue
            try:
                waiting = spool.read(folder)
                if waiting.status == "RUNNING":
                    if _is_at_work(waiting.tags.get("ganatomy.owner", "")):
                        continue  # this folder is a copy of that run's
                    waiting.end_as_killed(spool.last_sign_ms(folder))
                results = spool.results_of(folder)
                publish.publish(self._client, self._experiment, waiting, results)
                spool.remove(folder)
            except Exception as error:  # one that cannot be published must not keep back the others
                self._last.notices.append(f"{folder.name} still waits: {store.reason(error)}")

    def _send_live(self) -> None:
        time.sleep(_LIVE_INTERVAL_S)  # what comes meanwhile goes in the same batch
        with self._lock:
            live, self._live = self._live, {}
        if not self._entry.run_id or self._failed:
            return
        from mlflow.entities import Metric

        from flows import mlflow_names, pictures, publish
        from tasks.shared.pictures import Place

        for name, events in live.items():
            stage = self._by_name[name]
            if not stage.run_id:
                stage.run_id = publish.open_stage(
                    self._client, self._experiment, self._entry, stage
                )
            metrics = [
                Metric(
                    mlflow_names.key_of(event["name"]),
                    event["value"],
                    int(event["time"] * 1000),
                    event["step"],
                )
                for event in events
                if event["kind"] == "metric"
            ]
            publish.send(self._client, stage.run_id, metrics)
            tables: dict[str, list[dict[str, Any]]] = {}
            for event in events:
                if event["kind"] == "row":
                    tables.setdefault(event["table"], []).append(event["values"])
            for table, rows in tables.items():  # MLflow appends to a table that is there
                columns = {key: [row[key] for row in rows] for key in rows[0]}
                self._client.log_table(stage.run_id, columns, f"live_{table}.json")
            drawn = [
                pictures.Kept(Path(event["path"]), Place(event["key"], event["step"]))
                for event in events
                if event["kind"] == "image" and Path(event["path"]).exists()
            ]
            pictures.log(self._client, stage.run_id, self._entry.started_ms, drawn)

    def _publish(self) -> None:
        if self._client is None:
            self._open()
        from flows import publish

        publish.publish(self._client, self._experiment, self._entry, self._root)
        self._last.recorded = True

    def _close(self, status: str) -> None:
        self._finished = True
        self._describe(status)
        self._keep(spool.complete)  # first: the publication may be killed
        why = self._last.why
        self._last.status, self._last.why = status, why or "it was stopped before MLflow had all"
        self._keep_outcome()  # for the case that it is
        self._last.why = why
        self._work.put(self._publish)
        self._work.put(None)
        self._thread.join(_PUBLISH_LIMIT_S)
        if self._last.recorded:
            self._last.why = self._last.remedy = ""
            spool.remove(spool.folder_of(self._root, self._entry))
        else:
            self._last.why = self._last.why or "MLflow did not answer in time"
            dropped = spool.bound(self._root, spool.MAX_RUNS, spool.MAX_BYTES)
            self._last.notices += [f"{name} was dropped: too many wait" for name in dropped]
        self._keep_outcome()

    def _describe(self, status: str) -> None:
        """Fill in what is known only now."""
        self._entry.status, self._entry.ended_ms = status, _now()
        digests = lockfile.digests(self._root)
        for stage in self._entry.stages:
            if stage.has_result():
                outs = json.dumps(digests.get(stage.name, {}), sort_keys=True)
                stage.digest = hashlib.sha256(outs.encode()).hexdigest()
        prepared = digests.get("prepare", {})
        self._entry.data_digest = prepared.get("data/prepared", "")
        card = self._root / "reports" / "prepare" / "card.json"
        if card.exists():
            self._entry.data_origin = json.loads(card.read_text())["origin"]
        lock = self._root / provenance.LOCK
        if lock.exists():
            self._entry.tags["dvc_lock_sha256"] = lockfile.digest(lock)
            self._entry.tags[RESULTS_TAG] = provenance.run_id(lock)


def _tags(root: Path) -> dict[str, str]:
    tags = {
        "ganatomy.owner": _owner(os.getpid()),
        "git_sha": provenance.commit(),
        "git_dirty": provenance.changes(),
        "params_sha256": sha256_of(root / told_file()),
        "device": environment(root / told_file())["device"],
    }
    requirements = root / provenance.REQUIREMENTS
    if requirements.exists():
        tags["requirements_sha256"] = sha256_of(requirements)
    return tags


def _owner(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{int(psutil.Process(pid).create_time())}"


def _is_gone(owner: str) -> bool:
    """Whether an owner of this machine has ended; one of another machine is left alone."""
    host, pid, _ = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        return _owner(int(pid)) != owner
    except psutil.NoSuchProcess:
        return True


def _is_at_work(owner: str) -> bool:
    """Whether an owner is a living process of this machine."""
    return owner.startswith(f"{socket.gethostname()}:") and not _is_gone(owner)


def _now() -> int:
    return time.time_ns() // 1_000_000
