"""The Prefect flow: dvc.yaml's graph, one task run per stage.

DVC alone decides what is stale; Prefect decides when, how often and how long, and shows it.
"""

import concurrent.futures
import contextvars
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import State, flow, get_run_logger, task
from prefect.artifacts import (
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.urls import url_for

from flows import (
    adapter,
    params,
    places,
    prefect_desk,
    processes,
    schedule,
    server,
    settings,
    speed,
    unfinished,
    writable,
)
from flows.ahead import Ahead
from flows.beginning import begun
from flows.early import EarlyPage
from flows.listeners import Everyone, Listener
from flows.record import Record
from flows.settling import settle
from flows.slots import Slots
from flows.watch import StageTail, warning

_POLL_S = 0.2
_ARTIFACT_INTERVAL_S = 2.0
_RETRY_DELAY_S = 2.0


@dataclass(frozen=True)
class _Run:
    """What the stage tasks of one flow run share."""

    root: Path
    run_dir: Path
    stages: dict[str, adapter.Stage]
    behind: frozenset[str]
    slots: Slots
    urgency: dict[str, float]
    listener: Listener
    ahead: Ahead
    early: EarlyPage
    changed: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    took_s: dict[str, float] = field(default_factory=dict)

    def is_cached(self, stage: adapter.Stage) -> bool:
        """Whether it was up to date when the run began, and so is all that it needs."""
        return stage.name not in self.behind and self.changed.isdisjoint(stage.upstream)

    def expect_after(self, ended: str) -> None:
        """Keep threads for the stages that can begin now that this one has ended well."""
        self.done.add(ended)
        for stage in self.stages.values():
            can_begin = ended in stage.upstream and self.done.issuperset(stage.upstream)
            if can_begin and not self.is_cached(stage):
                self.slots.expect(stage.name, self.urgency[stage.name])

    def tell_standing(self) -> None:
        """Tell now and then how far the run is."""
        if (standing := self.ahead.due()) is not None:
            self.listener.run_stands(standing)


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
    if run.is_cached(stage):
        run.listener.stage_started(name)
        run.ahead.stage_ended(name, "cached", 0.0)
        run.listener.stage_ended(name, "cached", 0.0)
        run.expect_after(name)
        return "cached"
    run.changed.add(name)  # those after it ask DVC
    with run.slots.take(stage.threads, run.urgency[name], name):
        if processes.stopping.is_set():
            raise KeyboardInterrupt
        started = time.monotonic()
        run.listener.stage_started(name)
        run.ahead.stage_started(name)
        teller = _Teller(run, name, logger)
        outcome = "failed"
        try:
            with concurrent.futures.ThreadPoolExecutor(1) as worker:
                work = worker.submit(adapter.run_stage, run.root, stage, run.run_dir)
                while not work.done():
                    concurrent.futures.wait([work], timeout=_POLL_S)
                    teller.tell()
                    run.tell_standing()
            outcome = work.result()
            if outcome == "ran":
                run.took_s[name] = round(time.monotonic() - started, 1)
        finally:
            if processes.stopping.is_set():
                outcome = "stopped"
            teller.tell(last=True)
            seconds = time.monotonic() - started
            left = run.ahead.stage_ended(name, outcome, seconds)
            run.listener.stage_ended(name, outcome, seconds, left)
        run.expect_after(name)
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
            self._run.ahead.stage_said(self._name, event)
            if event["kind"] == "progress":
                percent = 100.0 * event["done"] / max(1, event["total"])
            elif event["kind"] == "warning":
                self._logger.warning(event["text"])
            elif event["kind"] == "note":
                self._logger.info(event["text"])
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
def pipeline(
    profile: prefect_desk.Profile = None, overrides: prefect_desk.Overrides = None
) -> State[dict[str, str]]:
    """Run the pipeline of dvc.yaml in the current folder.

    Parameters
    ----------
    profile : str, optional
        A name in profiles/, or ``default``; params.yaml stays as it is without one.
    overrides : list of str, optional
        ``section.key=value``, as on the command line.

    Returns
    -------
    State
        Completed, with the verdict as its message; its data say ``ran``, ``restored`` or ``cached``
        for each stage.
    """
    root = Path.cwd()
    settings.prepare(root)
    writable.demand(settings.written_by_every_run(root))
    logger, slots = get_run_logger(), Slots(schedule.num_slots())
    with ExitStack() as stack:
        stack.enter_context(processes.only_run(root))
        stack.enter_context(processes.stages_end_with_us())
        for line in params.apply(root, profile, overrides or []):
            logger.info("params.yaml: %s", line)
        unfinished.remove_page(root)
        started = stack.enter_context(begun(root))
        document = params.told_document()
        stack.enter_context(speed.measuring(root, document))
        stages, behind = processes.in_thread(adapter.survey, root)
        names = [stage.name for stage in stages]
        flow_id = str(flow_run.id or "none")
        record = stack.enter_context(Record(root, started.name, names, flow_id))
        prefect_desk.name_run(record)

        def tell(text: str) -> None:
            everyone.run_said(text)
            logger.info(text)

        early = stack.enter_context(EarlyPage(root, started.run_dir, stages, tell=tell))
        everyone = Everyone(record, early, *extra_listeners.get())

        page = url_for("flow-run", flow_id) if server.has_pages() and flow_run.id else None
        for line in (f"profile: {record.profile()}   (params.yaml)", *places.where_to_watch(page)):
            tell(line)
        ahead = Ahead(
            root,
            stages,
            schedule.unchanged(stages, behind),
            slots=slots.total,
            document=document,
            tell=tell,
        )
        run = _Run(
            root,
            started.run_dir,
            {stage.name: stage for stage in stages},
            frozenset(behind),
            slots,
            schedule.remaining(stages, schedule.measured(root)),
            everyone,
            stack.enter_context(ahead),
            early,
        )
        _current.set(run)
        try:
            outcomes = _run_all(stages)
        finally:
            with suppress(OSError):  # a full disk must not hide why a run ended
                schedule.keep_measured(root, run.took_s)
        processes.in_thread(settle, root, stages, started.run_dir, _warn)
        record.finish()
        return prefect_desk.end(root, record, outcomes)


def _warn(stage: str, text: str) -> None:
    _current.get().listener.stage_said(stage, warning(text))
    get_run_logger().warning("%s: %s", stage, text)


def _run_all(stages: list[adapter.Stage]) -> dict[str, str]:
    """Submit every stage with what it waits for; raise the first stage's own error."""
    futures: dict[str, PrefectFuture[str]] = {}
    for stage in stages:
        futures[stage.name] = run_stage.with_options(
            name=stage.name, task_run_name=stage.name, retries=stage.retries
        ).submit(stage.name, wait_for=[futures[up] for up in stage.upstream])  # type: ignore[call-overload]
    outcomes: dict[str, str] = {}
    failures: dict[str, BaseException] = {}
    run = _current.get()
    for name, future in futures.items():
        future.wait()
        state = future.state
        if state.is_completed():
            outcomes[name] = future.result()
        elif state.is_failed() or state.is_crashed():
            failures[name] = state.result(raise_on_failure=False)
        else:  # what it waits for did not complete, so it never began
            run.listener.stage_ended(name, "skipped", 0.0)
    if processes.stopping.is_set():
        raise KeyboardInterrupt
    if failures:
        run.early.end()
        first = next(iter(failures.values()))
        words = {name: str(error) for name, error in failures.items()}
        if unfinished.has_something(run.root, list(outcomes)):
            missing = unfinished.why_missing(stages, words)
            unfinished.leave_page(run.root, run.run_dir, str(first), missing)
        raise first
    return outcomes
