"""What MLflow is to know of one pipeline run: plain values, as JSON where it has to wait."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class StageEntry:
    """One stage of a run.

    Attributes
    ----------
    name : str
    outcome : str
        ``ran``, ``restored``, ``cached``, ``failed``, ``stopped`` or ``skipped``.
    digest : str
        Over the MD5s of its outputs: the same digest is the same result.
    started_ms, ended_ms : int
        Unix time; 0 while it is not so.
    run_id : str
        MLflow's, once there is one; of this process only.
    """

    name: str
    outcome: str = "skipped"
    digest: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    run_id: str = ""

    def has_result(self) -> bool:
        """Whether it ended with a result, computed now or before."""
        return self.outcome not in ("failed", "stopped", "skipped")


@dataclass
class RunEntry:
    """One pipeline run.

    Attributes
    ----------
    name : str
    status : str
        MLflow's word: ``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``.
    started_ms, ended_ms : int
        Unix time; 0 while it is not so.
    id : str
        Our own, unlike any other run's: by it MLflow is asked whether it has the run already.
    run_id : str
        MLflow's, once there is one; of this process only, for it means nothing in another store.
    """

    name: str
    status: str
    started_ms: int
    ended_ms: int = 0
    id: str = ""
    run_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    data_digest: str = ""
    data_origin: str = ""
    stages: list[StageEntry] = field(default_factory=list)

    def is_unchanged(self) -> bool:
        """Whether it ended well and had nothing to do: every stage was up to date."""
        return self.status == "FINISHED" and all(each.outcome == "cached" for each in self.stages)

    def to_json(self) -> dict[str, Any]:
        """Plain values, without what is of this process only."""
        values = asdict(self)
        for each in (values, *values["stages"]):
            del each["run_id"]
        return values

    @staticmethod
    def from_json(values: dict[str, Any]) -> "RunEntry":
        """What `to_json` gave; a key that is not known is left out."""
        run = _known(RunEntry, values)
        run["stages"] = [StageEntry(**_known(StageEntry, stage)) for stage in values["stages"]]
        return RunEntry(**run)

    def end_as_killed(self, ended_ms: int) -> None:
        """Say of a run whose process is gone how far it came."""
        self.status, self.ended_ms = "KILLED", ended_ms
        for stage in self.stages:
            if stage.started_ms and not stage.ended_ms:
                stage.outcome, stage.ended_ms = "stopped", ended_ms


def _known(kind: type[RunEntry] | type[StageEntry], values: dict[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)} - {"run_id"}
    return {name: value for name, value in values.items() if name in names}


def flat(document: dict[str, Any]) -> dict[str, str]:
    """``section.key`` to value, as MLflow's params want it."""
    return {
        f"{section}.{key}": str(value)
        for section, values in document.items()
        for key, value in values.items()
    }
