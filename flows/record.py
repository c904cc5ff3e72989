"""The record of a run in MLflow, kept beside the work and never in its way.

A thread of its own talks to MLflow, so a slow or absent server delays no stage. What is live is
sent as it comes and may get lost; what is final is published from disk at the end, or put aside.
"""

import hashlib
import json
import logging
import os
import queue
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from flows import adapter, entry
from flows.entry import RunEntry, StageEntry
from flows.watch import Event
from ganatomy.files import sha256_of
from tasks import provenance
from tasks.params.section import PARAMS_FILE, read_document

_LIVE_INTERVAL_S = 1.0
_PUBLISH_LIMIT_S = 600.0
logger = logging.getLogger("ganatomy.record")


def new_run_name() -> str:
    """The time, to the second: sorts, and is unique where one run at a time is allowed."""
    return time.strftime("%Y%m%dT%H%M%S")


class Record:
    """A listener that keeps the record; a context that ends it whatever happens."""

    def __init__(self, root: Path, name: str, stages: list[str]) -> None:
        self._root = root
        params = entry.flat(read_document(root / PARAMS_FILE))
        store = os.environ["MLFLOW_TRACKING_URI"]
        self._entry = RunEntry(
            name, "RUNNING", _now(), store=store, tags=_tags(root), params=params
        )
        self._entry.stages = [StageEntry(stage) for stage in stages]
        self._by_name = {stage.name: stage for stage in self._entry.stages}
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._live: dict[str, list[Event]] = {}
        self._lock = threading.Lock()
        self._away: str | None = None
        self._client: Any = None
        self._experiment = ""
        self._finished = False
        self._published = False
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._work.put(self._open)
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
        if not self._published:
            return f"not reachable ({self._away}); the next run publishes it"
        return f"run {self._entry.run_id}, {os.environ['MLFLOW_TRACKING_URI']}"

    def stage_started(self, stage: str) -> None:
        """Note the time."""
        self._by_name[stage].started_ms = _now()

    def stage_said(self, stage: str, event: Event) -> None:
        """Collect what is to be seen live; sent in batches."""
        if event["kind"] not in ("metric", "image", "row"):
            return
        with self._lock:
            first = not self._live
            self._live.setdefault(stage, []).append(event)
        if first:
            self._work.put(self._send_live)

    def stage_ended(self, stage: str, outcome: str, seconds: float) -> None:
        """Note the outcome and what it left."""
        noted = self._by_name[stage]
        noted.outcome, noted.ended_ms = outcome, _now()
        noted.started_ms = noted.started_ms or noted.ended_ms

    # what follows runs in the record's own thread, but for _close

    def _run(self) -> None:
        while (job := self._work.get()) is not None:
            try:
                job()
            except Exception as error:  # whatever the tracker does must not end a training
                self._away = f"{type(error).__name__}: {error}".splitlines()[0][:200]
                logger.warning("MLflow: %s", self._away)

    def _open(self) -> None:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        from flows import publish

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        self._client, self._experiment = publish.connect()
        publish.reconcile(self._client, self._experiment, _is_gone)
        self._entry.run_id = publish.open_run(self._client, self._experiment, self._entry)
        for folder in entry.waiting(self._root):
            try:
                waiting = entry.begin_anew_elsewhere(entry.read(folder), self._entry.store)
                publish.publish(self._client, self._experiment, waiting, folder)
                shutil.rmtree(folder)
            except Exception as error:  # one that cannot be published must not keep back the others
                logger.warning("MLflow: the record in %s still waits: %s", folder, error)

    def _send_live(self) -> None:
        time.sleep(_LIVE_INTERVAL_S)  # what comes meanwhile goes in the same batch
        with self._lock:
            live, self._live = self._live, {}
        if self._client is None or self._away is not None:
            return
        from mlflow.entities import Metric
        from PIL import Image

        from flows import publish

        for name, events in live.items():
            stage = self._by_name[name]
            if not stage.run_id:
                stage.run_id = publish.open_stage(
                    self._client, self._experiment, self._entry.run_id, stage
                )
            metrics = [
                Metric(
                    publish.key_of(event["name"]),
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
            for event in events:
                if event["kind"] == "image" and Path(event["path"]).exists():
                    with Image.open(event["path"]) as image:
                        self._client.log_image(
                            stage.run_id,
                            image.convert("RGB"),
                            key=f"live_{event['key']}",
                            step=event["step"],
                        )

    def _publish(self) -> None:
        if self._client is None:
            self._open()
        from flows import publish

        publish.publish(self._client, self._experiment, self._entry, self._root)
        self._published = True

    def _close(self, status: str) -> None:
        self._finished = True
        self._describe(status)
        self._work.put(self._publish)
        self._work.put(None)
        self._thread.join(_PUBLISH_LIMIT_S)
        if not self._published:
            self._away = self._away or "it did not answer in time"
            folder = entry.put_aside(self._root, self._entry)
            logger.warning("the record waits in %s for the next run", folder)

    def _describe(self, status: str) -> None:
        """Fill in what is known only now."""
        self._entry.status, self._entry.ended_ms = status, _now()
        digests = adapter.digests(self._root)
        for stage in self._entry.stages:
            if stage.outcome not in ("failed", "stopped", "skipped"):
                outs = json.dumps(digests.get(stage.name, {}), sort_keys=True)
                stage.digest = hashlib.sha256(outs.encode()).hexdigest()
        prepared = digests.get("prepare", {})
        self._entry.data_digest = prepared.get("data/prepared", "")
        card = self._root / "reports" / "prepare" / "card.json"
        if card.exists():
            self._entry.data_origin = json.loads(card.read_text())["origin"]
        lock = self._root / provenance.LOCK
        if lock.exists():
            self._entry.tags["dvc_lock_sha256"] = sha256_of(lock)
        self._work.put(self._tag_lock)

    def _tag_lock(self) -> None:
        digest = self._entry.tags.get("dvc_lock_sha256")
        if digest and self._client is not None and self._entry.run_id:
            self._client.set_tag(self._entry.run_id, "dvc_lock_sha256", digest)


def _tags(root: Path) -> dict[str, str]:
    tags = {
        "ganatomy.owner": _owner(os.getpid()),
        "git_sha": provenance.git("rev-parse", "HEAD") or "none",
        "git_dirty": provenance.dirty_digest() or "none",
        "params_sha256": sha256_of(root / PARAMS_FILE),
        "device": json.loads((root / provenance.ENVIRONMENT).read_text())["device"],
        "prefect_flow_run": _flow_run_id(),
    }
    requirements = root / provenance.REQUIREMENTS
    if requirements.exists():
        tags["requirements_sha256"] = sha256_of(requirements)
    return tags


def _flow_run_id() -> str:
    from prefect.runtime import flow_run

    return str(flow_run.id or "none")


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


def _now() -> int:
    return time.time_ns() // 1_000_000
