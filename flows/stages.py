"""What is known of stages: how they are run, what state they are in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.contents import Damaged, Output
from tasks.shared.contents import Content


@dataclass(frozen=True)
class Stage:
    """A stage of dvc.yaml.

    Attributes
    ----------
    name : str
        As DVC addresses it: ``train``, ``retrain@0``.
    upstream : tuple of str
    outs : tuple of str
        Paths that it writes.
    threads, timeout_s, retries : int
        From its ``meta``.
    cost_s : int
        About what it takes, from its ``meta``: where no run has measured it yet.
    """

    name: str
    upstream: tuple[str, ...]
    outs: tuple[str, ...]
    threads: int
    timeout_s: int
    retries: int
    cost_s: int = 1


def known_meta(given: Mapping[str, Any]) -> dict[str, int]:
    """Read what a stage's ``meta`` in dvc.yaml says of how it is run, with the usual for the rest.

    Examples
    --------
    >>> known_meta({"threads": 2, "desc": "mine"})
    {'threads': 2, 'timeout_s': 3600, 'retries': 0, 'cost_s': 1}
    """
    known = {"threads": 1, "timeout_s": 3600, "retries": 0, "cost_s": 1}
    return {name: int(given.get(name, default)) for name, default in known.items()}


def in_order(stages: Sequence[Stage]) -> list[Stage]:
    """Sort stages so that each comes after what it needs, and else as they were given."""
    done: dict[str, Stage] = {}
    waiting = list(stages)
    while waiting:
        stage = next(stage for stage in waiting if all(up in done for up in stage.upstream))
        done[stage.name] = stage
        waiting.remove(stage)
    return list(done.values())


@dataclass(frozen=True)
class LookedOver:
    """The state of everything at one moment.

    Attributes
    ----------
    stages : list of Stage
    behind : list of str
        Stages that are not up to date.
    read : dict
        Each output's content; may be empty where a stage is not up to date.
    damaged : list of Damaged
        Outputs that are not what their stages wrote, and that could not be put right.
    """

    stages: list[Stage]
    behind: list[str]
    read: dict[Output, dict[str, Content]] = field(default_factory=dict)
    damaged: list[Damaged] = field(default_factory=list)


@dataclass(frozen=True)
class Staleness:
    """Whether a stage would run now, and why.

    Attributes
    ----------
    stage : str
    reasons : list of str
        Empty where it would not.
    after : list of str
        Stages before it that would run: it runs if what they write is another then.
    """

    stage: str
    reasons: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing speaks for running it."""
        return not (self.reasons or self.after)

    def line(self, takes: str = "") -> str:
        """Give it as a line for people, with the time that it takes."""
        what = "would run" if self.reasons else "may run" if self.after else "unchanged"
        why = [*self.reasons, *(f"after {name}" for name in self.after)]
        return f"{self.stage:<14}{what:<11}{takes:>6}  {'; '.join(why)}".rstrip()
