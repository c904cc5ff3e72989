"""Some members of an ensemble in training, alone or together, with one face for both."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from ganatomy.gan.ensemble.feed import Feed, View
from ganatomy.gan.ensemble.pack import Pack
from ganatomy.gan.ensemble.steps import Steps
from ganatomy.gan.ensemble.train_pack import train_pack
from ganatomy.gan.ensemble.verify import verify
from ganatomy.gan.model import Gan
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.state import TrainingState
from ganatomy.gan.training import finished, train


@dataclass(frozen=True)
class Job:
    """One member: a name, and what it is trained on."""

    name: str
    view: View


class Trained(NamedTuple):
    """A member's GAN at some share of its steps.

    Attributes
    ----------
    name : str
    share : float in (0, 1]
    gan : Gan or None
        In eval mode, and good until the training goes on; None where it is no longer finite.
    """

    name: str
    share: float
    gan: Gan | None


class Members(ABC):
    """Trainings that are at the same step; can be written to a snapshot and brought back."""

    def __init__(self, jobs: list[Job], states: list[TrainingState]) -> None:
        self._jobs, self._states = jobs, states

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def step(self) -> int:
        """Number of steps done."""
        return self._states[0].step

    @abstractmethod
    def states(self) -> list[TrainingState]:
        """Return the present state of each member."""

    @abstractmethod
    def train(self, after_step: Callable[[int], None]) -> None:
        """Train to the last step; `after_step` is called with each one."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return all tensors of the states by name; `restore` takes them back."""
        return {
            f"{job.name}/{key}": value
            for job, state in zip(self._jobs, self.states())
            for key, value in state.tensors().items()
        }

    def restore(self, tensors: dict[str, torch.Tensor], where: str) -> None:
        """Load what `tensors` returned; `InputError` where it is of other members."""
        for job, state in zip(self._jobs, self._states):
            prefix = f"{job.name}/"
            own = {
                key.removeprefix(prefix): value
                for key, value in tensors.items()
                if key.startswith(prefix)
            }
            state.restore(own, where)

    def hand_over(self, share: float, take: Callable[[Trained], None]) -> None:
        """Pass every member's GAN to `take`; they can be trained on afterwards."""
        for job, state in zip(self._jobs, self.states()):
            take(Trained(job.name, share, finished(state) if state.is_finite() else None))
            state.gan.generator.train()
            state.gan.discriminator.train()


class SingleMember(Members):
    """One member, trained as `ganatomy.gan.training` does."""

    def __init__(
        self, job: Job, state: TrainingState, settings: TrainingSettings, total: int
    ) -> None:
        super().__init__([job], [state])
        self._settings, self._total = settings, total

    def states(self) -> list[TrainingState]:
        return self._states

    def train(self, after_step: Callable[[int], None]) -> None:
        view = self._jobs[0].view
        train(
            self._states[0],
            view.images,
            view.labels,
            settings=self._settings,
            seed=view.drawing_seed,
            on_step=lambda state, _total, _values: after_step(state.step),
            measure_every=0,
            total=self._total,
        )


class PackedMembers(Members):
    """Members that are trained together, stacked into one pack.

    Parameters
    ----------
    jobs, states
        Of equal length.
    settings : TrainingSettings
    total : int
        Steps of G.
    steps_for : callable
        Gives the recorded steps for a pack and its feed.
    """

    def __init__(
        self,
        jobs: list[Job],
        states: list[TrainingState],
        settings: TrainingSettings,
        total: int,
        steps_for: Callable[[Pack, Feed], Steps],
    ) -> None:
        super().__init__(jobs, states)
        self._settings, self._total, self._steps_for = settings, total, steps_for
        self._pack: Pack | None = None

    @property
    def step(self) -> int:
        """Number of steps done."""
        return self._states[0].step if self._pack is None else self._pack.step

    def states(self) -> list[TrainingState]:
        return self._states if self._pack is None else self._pack.unpack()

    def verified_bytes(self) -> int:
        """Check that the pack trains as each alone; return how many bytes it holds at most.

        Raises
        ------
        NotStackable
            The networks cannot be run for all members at once, or not rightly.
        """
        pack, feed = self._open()
        steps = self._steps_for(pack, feed)
        seed = self._jobs[0].view.drawing_seed
        verify(self._states, feed, steps, settings=self._settings, seed=seed)
        return steps.num_bytes + pack.num_bytes + feed.num_bytes

    def train(self, after_step: Callable[[int], None]) -> None:
        pack, feed = self._open()
        self._pack = pack
        steps = self._steps_for(pack, feed)
        train_pack(pack, feed, self._settings, steps=steps, total=self._total, on_step=after_step)

    def _open(self) -> tuple[Pack, Feed]:
        first = self._states[0]
        views = [job.view for job in self._jobs]
        feed = Feed(views, first.gan.architecture, self._settings, first.device)
        return Pack(self._states, self._settings), feed
