"""How an adopted network answers when it is asked again, alone, with other noise, in train mode."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.gan.adopt.networks import AdoptedDiscriminator, AdoptedGenerator
from ganatomy.wording import finely

_SAME = 1e-3  # of the spread of the answers


@dataclass(frozen=True)
class Manners:
    """Movements of answers, in root mean square, as shares of their own standard deviation.

    Parameters
    ----------
    again : float
        Asked the same once more.
    alone : float
        Asked of the first input without the others.
    noise : float
        With other random numbers where it draws some.
    train : float or None
        In train mode; None where it has no modes or cannot run in it.
    """

    again: float
    alone: float
    noise: float
    train: float | None

    def words(self, name: str) -> tuple[str, ...]:
        """Say it in sentences; `name` is G or D."""
        return tuple(self._words(name))

    def _words(self, name: str) -> Iterator[str]:
        if self.again > 0:
            yield (
                f"Asked the same twice, {name} answers differently, by {finely(self.again)} of "
                "the spread of its answers."
            )
        else:
            yield f"Asked the same twice, {name} gives the same bits."
        what = "depends on its batch" if self.alone > _SAME else "does not depend on its batch"
        yield f"An answer of {name} {what} (it moves by {finely(self.alone)} of the spread)."
        if self.noise > _SAME:
            yield (
                f"{name} draws random numbers: another draw moves its answers by "
                f"{finely(self.noise)} of their spread. Here they are the same at every call."
            )
        if self.train is None:
            yield f"{name} has no train mode."
        elif self.train > _SAME:
            yield (
                f"In train mode {name} answers otherwise, by {finely(self.train)} of the "
                "spread: what is explained is eval mode, and who samples in train mode gets other "
                "answers than these."
            )
        else:
            yield f"Train mode changes nothing about {name} ({finely(self.train)} of the spread)."


@torch.no_grad()
def manners_of(network: AdoptedGenerator | AdoptedDiscriminator, inputs: torch.Tensor) -> Manners:
    """Ask a network in several ways, and leave it as it is.

    Parameters
    ----------
    network : nn.Module
    inputs : Tensor of shape (n, ...), n > 1
        On the CPU or its device.
    """
    parameter = next(network.parameters(), None)
    inputs = inputs if parameter is None else inputs.to(parameter.device)
    first = network(inputs)
    spread = float(first.std()) or 1.0

    def change(other: torch.Tensor, before: torch.Tensor = first) -> float:
        return float((other - before).square().mean().sqrt()) / spread

    again, alone = change(network(inputs)), change(network(inputs[:1]), first[:1])
    seed, network.seed = network.seed, network.seed + 1
    try:
        noise = change(network(inputs))
    finally:
        network.seed = seed
    train = None
    with suppress(Exception), _in_train_mode(network):
        train = change(network(inputs))
    return Manners(again, alone, noise, train)


@contextmanager
def _in_train_mode(network: nn.Module) -> Iterator[None]:
    """Running statistics, which train mode moves, are as before afterwards."""
    modes = [(each, each.training) for each in network.modules()]
    kept = [
        (each, name, buffer, buffer.clone())
        for each, _ in modes
        for name, buffer in each.named_buffers(recurse=False)
    ]
    try:
        network.train()
        yield
    finally:
        for module, training in modes:
            module.training = training
        for module, name, buffer, before in kept:
            buffer.copy_(before)
            if getattr(module, name) is not buffer:
                setattr(module, name, buffer)
