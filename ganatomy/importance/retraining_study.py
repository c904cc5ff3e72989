"""GANs retrained onto the disk: what is finished stays, and what was broken off goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.data.dataset import Dataset
from ganatomy.gan.ensemble import EnsembleCallbacks, Trained
from ganatomy.gan.session import Interrupted
from ganatomy.importance.member_files import MemberFolder, StoredMember
from ganatomy.importance.retraining import Budget, Training, retrain


@dataclass(frozen=True)
class RetrainedMembers:
    """Retrained GANs on the disk.

    Attributes
    ----------
    files : MemberFolder
    members : tuple of StoredMember
        In the order in which they were asked for, each at the end of its training.
    pack_size : int
        How many were trained at once at most.
    """

    files: MemberFolder
    members: tuple[StoredMember, ...]
    pack_size: int

    def rows(self) -> list[dict[str, Any]]:
        """Give what a table of members says of each."""
        return [member.row() for member in self.members]

    def metrics(self) -> dict[str, float | int]:
        """Count members, and those that have diverged."""
        return {
            "num_members": len(self.members),
            "num_diverged": sum(member.has_diverged for member in self.members),
            "pack_size": self.pack_size,
        }


def retrain_to_disk(
    asked: Sequence[Training],
    data: Mapping[str, Dataset],
    budget: Budget,
    *,
    kept: Path,
    shares: Sequence[float] = (),
    is_due: Callable[[], bool] = lambda: False,
    on_step: Callable[[int, int], None] = lambda done, total: None,
    on_member: Callable[[StoredMember], None] = lambda member: None,
    on_warning: Callable[[str], None] = lambda text: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> RetrainedMembers:
    """Train GANs, and keep each as soon as it is finished.

    Parameters
    ----------
    asked : sequence of Training
    data : mapping of str to Dataset
        By the name of the recipe.
    budget : Budget
    kept : Path
        Where finished members and checkpoints are kept, to go on from.
    shares : sequence of float in (0, 1)
        Of the steps, besides the end, at which GANs are kept.
    is_due : callable
        Asked after each step: is a checkpoint due?
    on_step : callable
        Called with (steps done by all members together, of how many) after each step.
    on_member : callable
        Called with each member at the end of its training.
    on_warning : callable
        Told of members that have diverged, and of packs that are smaller.
    should_stop : callable
        Asked after each step.

    Raises
    ------
    Interrupted
        `should_stop` said so.
    InputError
        A variant has fewer images than one batch, or lacks the labels that the method needs.
    """
    files = MemberFolder(kept / "members")
    about = {training.name: training for training in asked}

    def step(done: int, total: int) -> None:
        on_step(done, total)
        if should_stop():
            raise Interrupted(f"asked to end at step {done} of {total}")

    def keep(trained: Trained) -> None:
        training = about[trained.name]
        member = files.put(trained, training.recipe, training.seed)
        if member.has_diverged:
            on_warning(
                f"{training.recipe.name}, seed {training.seed}, has diverged: it is left out"
            )
        if member.share == 1:
            on_member(member)

    size = retrain(
        asked,
        data,
        budget,
        callbacks=EnsembleCallbacks(step, keep, on_warning, is_due),
        kept=kept,
        is_done=files.has,
        shares=shares,
    )
    return RetrainedMembers(files, tuple(files.get(training.name) for training in asked), size)
