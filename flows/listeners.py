"""Those who follow a run: the terminal, the record. The pipeline tells them and knows neither."""

from typing import Protocol

from flows.standing import Standing
from flows.watch import Event


class Listener(Protocol):
    """What the pipeline tells."""

    def stage_started(self, stage: str) -> None:
        """A stage is being brought up to date."""

    def stage_said(self, stage: str, event: Event) -> None:
        """A stage's event."""

    def stage_ended(self, stage: str, outcome: str, seconds: float, left: str = "") -> None:
        """``ran``, ``restored``, ``cached``, ``failed``, ``stopped`` or ``skipped``.

        `left` says where the run stands then, where that is of interest.
        """

    def run_stands(self, standing: Standing) -> None:
        """How far the run is; told about once a second while a stage is at work."""

    def run_said(self, text: str) -> None:
        """A sentence of the run's own, about no stage."""


class Everyone:
    """All listeners as one."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def stage_started(self, stage: str) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.stage_started(stage)

    def stage_said(self, stage: str, event: Event) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.stage_said(stage, event)

    def stage_ended(self, stage: str, outcome: str, seconds: float, left: str = "") -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.stage_ended(stage, outcome, seconds, left)

    def run_stands(self, standing: Standing) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.run_stands(standing)

    def run_said(self, text: str) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.run_said(text)
