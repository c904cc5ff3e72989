"""What is known of stages: how they are run, what state they are in."""

from dataclasses import dataclass, field

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

    def __str__(self) -> str:
        """As a line for people."""
        what = "would run" if self.reasons else "may run" if self.after else "unchanged"
        why = [*self.reasons, *(f"after {name}" for name in self.after)]
        return f"{self.stage:<14}{what:<11}{'; '.join(why)}".rstrip()
