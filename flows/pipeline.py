"""The Prefect flow: dvc.yaml's graph, one task run per stage.

DVC alone decides what is stale; Prefect decides when, how often and how long, and shows it.
"""

import concurrent.futures
import contextvars
import os
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import State, flow, get_run_logger, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner

from flows import adapter, params, processes, settings, writable
from flows.listeners import Everyone, Listener
from flows.record import Record, new_run_name
from flows.settling import settle
from flows.slots import Slots
from flows.watch import StageTail
from tasks import environment
from tasks.params.section import PARAMS_FILE

_POLL_S = 0.2
_ARTIFACT_INTERVAL_S = 2.0
_RETRY_DELAY_S = 2.0
_RUNS_KEPT = 20


@dataclass(frozen=True)
class _Run:
    """What the stage tasks of one flow run share."""

    root: Path
    run_dir: Path
    stages: dict[str, adapter.Stage]
    slots: Slots
    listener: Listener


_current: contextvars.ContextVar[_Run] = contextvars.ContextVar("ganatomy_run")
extra_listeners: contextvars.ContextVar[tuple[Listener, ...]] = contextvars.ContextVar(
    "ganatomy_listeners", default=()
)


def _worth_a_retry(_task: Any, _task_run: Any, state: State[Any]) -> bool:
    """Bad input stays bad, a full disk full, and a run that is being stopped must end."""
    if processes.stopping.is_set():
        return False
    error = state.result(raise_on_failure=False)
    return not (isinstance(error, adapter.StageFailed) and error.lasting)


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_delay_seconds=_RETRY_DELAY_S,
    retry_condition_fn=_worth_a_retry,
)
def run_stage(name: str) -> str:
    """Bring one stage up to date while telling what it says."""
    run = _current.get()
    stage = run.stages[name]
    logger = get_run_logger()
    with run.slots.take(stage.threads):
        if processes.stopping.is_set():
            raise KeyboardInterrupt
        started = time.monotonic()
        run.listener.stage_started(name)
        teller = _Teller(run, name, logger)
        outcome = "failed"
        try:
            with concurrent.futures.ThreadPoolExecutor(1) as worker:
                work = worker.submit(adapter.run_stage, run.root, stage, run.run_dir)
                while not work.done():
                    concurrent.futures.wait([work], timeout=_POLL_S)
                    teller.tell()
            outcome = work.result()
        finally:
            if processes.stopping.is_set():
                outcome = "stopped"
            teller.tell(last=True)
            run.listener.stage_ended(name, outcome, time.monotonic() - started)
    logger.info("%s: %s", name, outcome)
    return outcome


class _Teller:
    """Passes a stage's events on: listeners, Prefect's log, Prefect's progress artifact."""

    def __init__(self, run: _Run, name: str, logger: Any) -> None:
        self._run = run
        self._name = name
        self._logger = logger
        self._tail = StageTail(run.run_dir, name)
        self._artifact: UUID | None = None
        self._artifact_at = 0.0

    def tell(self, last: bool = False) -> None:
        for line in self._tail.log():
            self._logger.info(line)
        percent = None
        for event in self._tail.events():
            self._run.listener.stage_said(self._name, event)
            if event["kind"] == "progress":
                percent = 100.0 * event["done"] / max(1, event["total"])
            elif event["kind"] == "warning":
                self._logger.warning(event["text"])
        due = time.monotonic() - self._artifact_at > _ARTIFACT_INTERVAL_S
        if percent is not None and (due or last):
            self._show(percent)

    def _show(self, percent: float) -> None:
        self._artifact_at = time.monotonic()
        if self._artifact is None:
            key = self._name.replace("@", "-").replace("_", "-")
            made = create_progress_artifact(
                progress=percent, key=key, description=f"Stage {self._name}"
            )
            assert isinstance(made, UUID)
            self._artifact = made
        else:
            update_progress_artifact(self._artifact, progress=percent)


@flow(
    name="ganatomy",
    persist_result=False,
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
)
def pipeline(profile: str | None = None, overrides: list[str] | None = None) -> dict[str, str]:
    """Run the pipeline of dvc.yaml in the current folder.

    Parameters
    ----------
    profile : str, optional
        A name in profiles/, or ``default``; params.yaml stays as it is without one.
    overrides : list of str, optional
        ``section.key=value``, as on the command line.

    Returns
    -------
    dict of str to str
        ``ran``, ``restored`` or ``cached`` for each stage.
    """
    root = Path.cwd()
    settings.prepare(root)
    writable.demand(settings.written_by_every_run(root))
    logger = get_run_logger()
    with ExitStack() as stack:
        stack.enter_context(processes.only_run(root))
        stack.enter_context(processes.stages_end_with_us())
        for line in params.apply(root, profile, overrides or []):
            logger.info("params.yaml: %s", line)
        name = new_run_name()
        run_dir = _new_run_dir(root, name)
        os.environ["GANATOMY_RUN_DIR"] = str(run_dir)
        kept = shutil.copyfile(root / PARAMS_FILE, run_dir / PARAMS_FILE)
        stack.enter_context(params.told(kept))
        environment.write(root)
        stages = adapter.graph(root)
        record = stack.enter_context(Record(root, name, [stage.name for stage in stages]))
        run = _Run(
            root,
            run_dir,
            {stage.name: stage for stage in stages},
            Slots(max(2, os.cpu_count() or 1)),
            Everyone(record, *extra_listeners.get()),
        )
        _current.set(run)
        outcomes = _run_all(stages)
        _settle(root, stages, run_dir)
        record.finish()
        _summarise(root, record, outcomes)
    return outcomes


def _settle(root: Path, stages: list[adapter.Stage], run_dir: Path) -> None:
    """Settle in a thread: while DVC runs a command in the main one, Ctrl-C is not heard."""
    context = contextvars.copy_context()
    with concurrent.futures.ThreadPoolExecutor(1) as worker:
        work = worker.submit(context.run, settle, root, stages, run_dir, _warn)
        while not work.done():
            concurrent.futures.wait([work], timeout=_POLL_S)
    work.result()


def _warn(stage: str, text: str) -> None:
    event = {"kind": "warning", "text": text, "time": time.time()}
    _current.get().listener.stage_said(stage, event)
    get_run_logger().warning("%s: %s", stage, text)


def _new_run_dir(root: Path, name: str) -> Path:
    folder = root / settings.RUNS
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.iterdir())[:-_RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    (folder / name).mkdir()
    return (folder / name).resolve()


def _run_all(stages: list[adapter.Stage]) -> dict[str, str]:
    """Submit every stage with what it waits for; raise the first stage's own error."""
    futures: dict[str, PrefectFuture[str]] = {}
    for stage in stages:
        futures[stage.name] = run_stage.with_options(
            name=stage.name, task_run_name=stage.name, retries=stage.retries
        ).submit(stage.name, wait_for=[futures[up] for up in stage.upstream])  # type: ignore[call-overload]
    outcomes: dict[str, str] = {}
    failures: list[BaseException] = []
    listener = _current.get().listener
    for name, future in futures.items():
        future.wait()
        state = future.state
        if state.is_completed():
            outcomes[name] = future.result()
        elif state.is_failed() or state.is_crashed():
            failures.append(state.result(raise_on_failure=False))
        else:  # what it waits for did not complete, so it never began
            listener.stage_ended(name, "skipped", 0.0)
    if processes.stopping.is_set():
        raise KeyboardInterrupt
    if failures:
        raise failures[0]
    return outcomes


def _summarise(root: Path, record: Record, outcomes: dict[str, str]) -> None:
    """The run in Prefect: what was found, where the page and the record are."""
    summary = (root / "reports" / "report" / "summary.md").read_text()
    table = "\n".join(f"| {name} | {outcome} |" for name, outcome in outcomes.items())
    create_markdown_artifact(
        key="summary",
        markdown=f"{summary}\n- page: `{root / 'reports' / 'report.html'}`\n"
        f"- MLflow: {record.where()}\n\n| stage | outcome |\n|---|---|\n{table}\n",
        description="What this run found",
    )
