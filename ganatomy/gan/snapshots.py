"""Training states on disk, to go on from: whole or not there, checked by hash, few at a time."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from ganatomy.errors import InputError
from ganatomy.files import read_json, sha256_of, whole_folder, write_json
from ganatomy.tensors import read_tensors, write_tensors

_STATE = "state.safetensors"
_ABOUT = "snapshot.json"


class Keepable(Protocol):
    """Anything that can be written and brought back, as `TrainingState`."""

    @property
    def step(self) -> int:
        """Number of steps done."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return all tensors by name."""

    def restore(self, tensors: dict[str, torch.Tensor], where: str) -> None:
        """Load what `tensors` returned; `InputError` ("other networks") where it does not fit."""


@dataclass(frozen=True)
class Snapshot:
    """The description of one snapshot on disk.

    Attributes
    ----------
    folder : Path
    step : int
    score : float or None
        Lower is better; None where it was not judged.
    history : dict
        What the writer wanted to find again, plain values.
    """

    folder: Path
    step: int
    score: float | None
    history: dict[str, Any]


class Snapshots:
    """The snapshots of one training in a folder.

    Parameters
    ----------
    folder : Path
    num_last : int
        How many of the newest are kept; the best is kept besides.
    """

    def __init__(self, folder: Path, num_last: int) -> None:
        self.folder = folder
        self.num_last = num_last

    def write(self, state: Keepable, score: float | None, history: dict[str, Any]) -> None:
        """Write the state, then remove those that are neither the best nor among the last.

        Raises
        ------
        OSError
            It could not be written (disk full); what was there before still is.
        """
        with whole_folder(self.folder / f"step-{state.step:09d}") as folder:
            write_tensors(folder / _STATE, state.tensors())
            about = {"step": state.step, "score": score, "history": history}
            write_json(folder / _ABOUT, {**about, "sha256": sha256_of(folder / _STATE)})
        self._prune()

    def all(self) -> list[Snapshot]:
        """List the readable ones, oldest first; only their descriptions are read here."""
        snapshots = []
        for folder in sorted(self.folder.glob("step-*")):
            try:
                about = read_json(folder / _ABOUT)
                snapshots.append(Snapshot(folder, about["step"], about["score"], about["history"]))
            except (InputError, KeyError, TypeError):
                continue  # `latest` says so when it would have been taken
        return snapshots

    def best(self) -> Snapshot | None:
        """Return the one of lowest score, of equal ones the oldest; untrained only if all are."""
        judged = [snapshot for snapshot in self.all() if snapshot.score is not None]
        judged = [snapshot for snapshot in judged if snapshot.step > 0] or judged
        return min(judged, key=lambda snapshot: (snapshot.score, snapshot.step), default=None)

    def restore_latest(self, state: Keepable) -> tuple[Snapshot | None, list[str]]:
        """Bring `state` to the newest snapshot that is whole.

        Returns
        -------
        (snapshot, faults)
            None when there is none; what was wrong with newer ones.

        Raises
        ------
        InputError
            A whole snapshot is of other networks.
        """
        faults = []
        for folder in sorted(self.folder.glob("step-*"), reverse=True):
            try:
                about = read_json(folder / _ABOUT)
                snapshot = Snapshot(folder, about["step"], about["score"], about["history"])
                self.restore(snapshot, state, about["sha256"])
            except (KeyError, TypeError) as error:
                faults.append(f"{folder / _ABOUT}: not a snapshot ({error!r})")
            except Altered as error:
                faults.append(str(error))
            except InputError as error:
                if "other networks" in error.what:
                    raise
                faults.append(str(error))
            else:
                return snapshot, faults
        return None, faults

    def restore(self, snapshot: Snapshot, state: Keepable, sha256: str | None = None) -> None:
        """Bring `state` to a snapshot.

        Raises
        ------
        InputError
            A file is missing, damaged, altered, or of other networks.
        """
        path = snapshot.folder / _STATE
        expected = sha256 or read_json(snapshot.folder / _ABOUT)["sha256"]
        tensors = read_tensors(path)
        if sha256_of(path) != expected:
            raise Altered(
                "the checkpoint is not what was written (its SHA-256 differs)",
                str(path),
                "Remove its folder; the training goes on from the one before.",
            )
        state.restore(tensors, str(path))

    def clear(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prune(self) -> None:
        snapshots, best = self.all(), self.best()
        for snapshot in snapshots[: -self.num_last]:
            if best is None or snapshot.folder != best.folder:
                shutil.rmtree(snapshot.folder, ignore_errors=True)


class Altered(InputError):
    """A checkpoint whose content is not what its hash says."""
