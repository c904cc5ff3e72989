"""N GANs of one architecture as one: every tensor has the networks as its first axis."""

import copy

import torch
from torch import nn

from ganatomy.gan.model import NETWORKS
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.state import OPTIMISERS, TrainingState

Tensors = dict[str, torch.Tensor]

_COUNT = "step"  # Adam's, of which all members have the same


class Pack:
    """Stacked weights, statistics and moments of several trainings at the same step.

    Parameters
    ----------
    members : list of TrainingState
        All of one architecture, on one device and at the same step. They keep their place: `unpack`
        writes back into them.
    settings : TrainingSettings

    Attributes
    ----------
    networks : dict of str to Module
        ``generator`` and ``discriminator``: one network each, to be called with a pack's tensors.
    parameters : dict of str to dict of str to Tensor
        By network (``generator_ema`` too) and name, those that are trained; shape (N, ...).
    buffers : dict of str to dict of str to Tensor
        Everything else, parameters that are frozen among it; shape (N, ...).
    optimisers : dict of str to Adam
    """

    def __init__(self, members: list[TrainingState], settings: TrainingSettings) -> None:
        self.members = members
        self.step = members[0].step
        self.device = members[0].device
        if any(member.step != self.step for member in members):
            raise ValueError("the members of a pack are at different steps")
        self.networks = {name: copy.deepcopy(getattr(members[0].gan, name)) for name in OPTIMISERS}
        self.parameters: dict[str, Tensors] = {}
        self.buffers: dict[str, Tensors] = {}
        for name in NETWORKS:
            own = [_tensors_of(getattr(member.gan, name)) for member in members]
            stacked = _stacked(own)
            # the moving average has no gradients itself: what is trained of G is averaged
            trained = _trained_names(members[0], "generator" if name == "generator_ema" else name)
            self.parameters[name] = {key: stacked[key] for key in stacked if key in trained}
            self.buffers[name] = {key: stacked[key] for key in stacked if key not in trained}
        method = settings.method
        self.optimisers = {
            name: torch.optim.Adam(
                list(self.parameters[name].values()),
                lr=settings.learning_rate,
                betas=(method.beta1, method.beta2),
                fused=True,
            )
            for name in OPTIMISERS
        }
        for name in OPTIMISERS:
            self._stack_moments(name)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def num_bytes(self) -> int:
        """Bytes of weights, gradients, moments and statistics."""
        weights = [t for own in self.parameters.values() for t in own.values()]
        return 3 * sum(t.nbytes for t in weights)

    def move(self, name: str, gradients: list[torch.Tensor]) -> None:
        """Take one step of a network's optimiser."""
        for parameter, gradient in zip(self.parameters[name].values(), gradients):
            # the fused step walks through memory: both have to lie there in the same order
            same = gradient.stride() == parameter.stride()
            parameter.grad = gradient if same else torch.empty_like(parameter).copy_(gradient)
        self.optimisers[name].step()

    def set_learning_rate(self, rate: float) -> None:
        """Set the learning rate of both optimisers."""
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate

    @torch.no_grad()
    def update_ema(self, decay: float) -> None:
        """Update every member's average, as `ganatomy.gan.step.update_ema`."""
        average, network = self.parameters["generator_ema"], self.parameters["generator"]
        torch._foreach_lerp_(list(average.values()), list(network.values()), 1.0 - decay)
        for name, target in self.buffers["generator_ema"].items():
            target.copy_(self.buffers["generator"][name])

    @torch.no_grad()
    def unpack(self) -> list[TrainingState]:
        """Copy the pack's tensors into the members; return these."""
        for index, member in enumerate(self.members):
            for name in NETWORKS:
                network: nn.Module = getattr(member.gan, name)
                values = {**self.parameters[name], **self.buffers[name]}
                for key, target in _tensors_of(network).items():
                    target.copy_(values[key][index])
            for name, optimiser in self.optimisers.items():
                own = dict(getattr(member.gan, name).named_parameters())
                for key, stacked in self.parameters[name].items():
                    member.optimisers[name].state[own[key]] = {
                        kind: value.clone() if kind == _COUNT else _like(own[key], value[index])
                        for kind, value in optimiser.state[stacked].items()
                    }
            member.step = self.step
        return self.members

    def _stack_moments(self, name: str) -> None:
        """Go on with the moments that the members have, if they have any."""
        own = [dict(getattr(member.gan, name).named_parameters()) for member in self.members]
        for key, stacked in self.parameters[name].items():
            moments = [
                member.optimisers[name].state[parameters[key]]
                for member, parameters in zip(self.members, own)
            ]
            if not moments[0]:
                continue
            self.optimisers[name].state[stacked] = {
                kind: value.clone()
                if kind == _COUNT
                else _stack_like(stacked, [each[kind] for each in moments])
                for kind, value in moments[0].items()
            }


def _tensors_of(network: nn.Module) -> Tensors:
    """Parameters and buffers, each once: one that has two names has the first."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _trained_names(member: TrainingState, name: str) -> set[str]:
    network: nn.Module = getattr(member.gan, name)
    return {key for key, value in network.named_parameters() if value.requires_grad}


def _stacked(members: list[dict[str, torch.Tensor]]) -> Tensors:
    return {
        name: torch.stack([_by_channel(each[name].detach()) for each in members]).movedim(-1, 2)
        if value.ndim == 4
        else torch.stack([each[name].detach() for each in members])
        for name, value in members[0].items()
    }


def _by_channel(weight: torch.Tensor) -> torch.Tensor:
    """(out, in, h, w) as (out, h, w, in): so it lies in memory when channels come last."""
    return weight.movedim(1, -1)


def _like(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(parameter).copy_(value).detach()


def _stack_like(stacked: torch.Tensor, values: list[torch.Tensor]) -> torch.Tensor:
    return torch.empty_like(stacked).copy_(torch.stack(values))
