"""Who shares a batch: this process alone, or several that hold the same networks."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import torch
from torch import distributed

from ganatomy.errors import InputError
from ganatomy.extras import extra
from ganatomy.gan.global_batch_norm import global_batch_norm
from ganatomy.gan.state import TrainingState

if TYPE_CHECKING:  # its import takes seconds, and one device does without
    from lightning_fabric import Fabric

Forward = Callable[..., torch.Tensor]
Backward = Callable[[torch.Tensor], None]
Calls = tuple[Forward, Forward, Backward]
StartMethod = Literal["popen", "spawn", "fork", "forkserver"]
T = TypeVar("T")

_PATIENCE = timedelta(days=1)


class Ranks(Protocol):
    """The processes of one training.

    Attributes
    ----------
    rank : int
        This one's number; 0 alone looks, writes and speaks.
    """

    rank: int

    def joined(self, state: TrainingState) -> AbstractContextManager[Calls]:
        """Yield generator, discriminator and backward, so called that all ranks stay equal."""

    def share(self, batch_size: int) -> slice:
        """Return this rank's part of a batch."""

    def mean(self, values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Average values over the ranks."""

    def first(self, value: T) -> T:
        """Return what rank 0 gives; the others wait for it."""


class SingleRank:
    """One process that trains on the whole batch."""

    rank = 0

    @contextmanager
    def joined(self, state: TrainingState) -> Iterator[Calls]:
        """Yield the networks themselves and plain back-propagation."""
        yield state.gan.generator, state.gan.discriminator, torch.Tensor.backward

    def share(self, batch_size: int) -> slice:
        """Return the whole batch."""
        return slice(0, batch_size)

    def mean(self, values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the values unchanged."""
        return values

    def first(self, value: T) -> T:
        """Return the value unchanged."""
        return value


class FabricRanks:
    """Several processes, each with an equal part of every batch.

    Their sum of gradients is that of one process with the whole batch, but for rounding: BatchNorm
    has the batch's statistics, and all random numbers are drawn for the whole batch. Dropout in a
    network of the user's own is the exception: its masks are the same on every rank.

    Parameters
    ----------
    fabric : Fabric
        Launched, as `fabric_of` makes it.
    """

    def __init__(self, fabric: "Fabric") -> None:
        self.rank: int = fabric.global_rank
        self._fabric = fabric
        # what the first rank has to say goes from host to host and waits for no GPU
        self._hosts: Any = distributed.new_group(backend="gloo", timeout=_PATIENCE)

    @contextmanager
    def joined(self, state: TrainingState) -> Iterator[Calls]:
        """Wrap G and D one by one: each has its own step, and its own gradients to average."""
        networks = state.gan.generator, state.gan.discriminator
        with global_batch_norm(*networks):
            with warnings.catch_warnings():
                # torch 2.15 has another word for broadcast_buffers, older ones do not know it
                warnings.simplefilter("ignore", FutureWarning)
                generator, discriminator = (
                    self._fabric.setup_module(network, move_to_device=False) for network in networks
                )
            yield generator, discriminator, self._fabric.backward

    def share(self, batch_size: int) -> slice:
        """Return as many images for this rank as for any other."""
        return share_of(batch_size, self.rank, self._fabric.world_size)

    def mean(self, values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Average in one exchange, on the device."""
        stacked = torch.stack(list(values.values()))
        distributed.all_reduce(stacked)
        return dict(zip(values, (stacked / self._fabric.world_size).unbind()))

    def first(self, value: T) -> T:
        """Send by pickle, between processes of one user's on one machine."""
        values = [value]
        distributed.broadcast_object_list(values, src=0, group=self._hosts)
        return values[0]


def share_of(batch_size: int, rank: int, num_ranks: int) -> slice:
    """Return the part of a batch that one of several ranks takes.

    Raises
    ------
    InputError
        The batch does not go into equal parts.
    """
    if batch_size % num_ranks:
        raise InputError(
            f"a batch of {batch_size} images does not divide among {num_ranks} devices",
            "batch_size",
            f"Use a multiple of {num_ranks}.",
        )
    size = batch_size // num_ranks
    return slice(rank * size, (rank + 1) * size)


def fabric_of(num_ranks: int, device: torch.device, start_method: StartMethod) -> "Fabric":
    """Build Lightning Fabric for several processes on this machine, to be launched.

    Parameters
    ----------
    num_ranks : int
    device : torch.device
        Their kind.
    start_method : str in {"popen", "spawn", "fork", "forkserver"}
        How `Fabric.launch` starts them, unless the environment says that they run already
        (``LOCAL_RANK``).
    """
    with extra("devices", "a training on several devices"):
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments.lightning import LightningEnvironment
        from lightning_fabric.strategies.ddp import DDPStrategy

    strategy = DDPStrategy(
        start_method=start_method,
        broadcast_buffers=False,  # they are equal, and writing to them would break the penalties
        # With it DDP keeps its buckets as they are. Else it sorts them anew after the first step,
        # sums over three ranks or more are then added in another order, and a training that goes
        # on from a snapshot would not be equal to the last bit.
        find_unused_parameters=True,
    )
    # the environment is named, so that none is guessed from the variables of a cluster
    return Fabric(
        accelerator=device.type,
        devices=num_ranks,
        strategy=strategy,
        plugins=[LightningEnvironment()],
    )
