"""Recorded steps against the plain ones, before anything is trained with them.

A network may do what recording cannot see: count its calls in Python, draw from another package's
random numbers, put a new tensor in the place of a buffer. It would then be trained wrong without
a word; two steps of one member show it.
"""

import copy
import math

import torch

from ganatomy.gan.ensemble.feed import Feed
from ganatomy.gan.ensemble.pack import Pack
from ganatomy.gan.ensemble.steps import Batch, NotStackable, Steps
from ganatomy.gan.losses import loss_named
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.state import OPTIMISERS, TrainingState
from ganatomy.gan.step import Rules, discriminator_step, fake_batch, generator_step

_TOLERANCE = 0.02  # of the norm: summation order moves 1e-6 of it, or 4e-3 in the worst case seen
_TURNS = 2


def verify(
    states: list[TrainingState], feed: Feed, steps: Steps, *, settings: TrainingSettings, seed: int
) -> None:
    """Compare images, gradients and statistics of the first member with those of plain steps.

    Parameters
    ----------
    states : list of TrainingState
        The pack's members; left as they are.
    seed : int
        Of what the first member draws in training.

    Raises
    ------
    NotStackable
        They differ.
    """
    pack, alone = Pack(states, settings), _at_rest(states[0])
    gan = alone.gan
    rules = Rules(
        settings.method,
        loss_named(settings.method.loss),
        seed,
        settings.batch_size,
        slice(None),
        gan.generator,
        gan.discriminator,
        torch.Tensor.backward,
    )
    for turn in range(_TURNS):
        batch, z = feed.batch(turn)
        with torch.no_grad():
            fakes, kept = steps.fakes(pack, z)
            d_gradients = steps.of_discriminator(pack, fakes, batch, turn)[1]
            g_gradients = steps.of_generator(pack, fakes, kept, batch)[1]
        with torch.enable_grad():
            expected = _plain_step(alone, rules, batch, z, turn)
        _compare("images", [fakes[0]], [expected])
        for name, gradients in (("discriminator", d_gradients), ("generator", g_gradients)):
            network = getattr(gan, name)
            trained = [p for p in network.parameters() if p.requires_grad]
            wanted = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
            _compare(f"the gradients of {name}", [gradient[0] for gradient in gradients], wanted)
            for key, buffer in network.named_buffers():
                _compare(f"{name}.{key}", [pack.buffers[name][key][0]], [buffer])


def _at_rest(state: TrainingState) -> TrainingState:
    """A copy whose optimisers fill in gradients and move nothing."""
    gan = copy.deepcopy(state.gan)
    optimisers = {
        name: torch.optim.Adam(getattr(gan, name).parameters(), lr=0.0) for name in OPTIMISERS
    }
    return TrainingState(gan, optimisers, state.device)


def _plain_step(
    alone: TrainingState, rules: Rules, batch: Batch, z: torch.Tensor, turn: int
) -> torch.Tensor:
    labels = None if batch.labels is None else batch.labels[0]
    reals = batch.real_images[0].contiguous(memory_format=torch.channels_last)
    fakes = fake_batch(alone, rules, z[0])
    discriminator_step(alone, rules, reals, fake_images=fakes, labels=labels, turn=turn)
    generator_step(alone, rules, reals, fake_images=fakes, labels=labels, turn=turn)
    return fakes.detach()


def _compare(what: str, actual: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    """By the norm over all: one activation that rounding takes to the other side of zero moves a
    single entry a lot, and all of them little."""
    size = _norm(expected)
    far = _norm([mine.double() - other.double() for mine, other in zip(actual, expected)])
    if not far <= _TOLERANCE * size + 1e-6:
        raise NotStackable(
            f"recorded steps differ from plain ones in {what}: {far:.2g} of {size:.2g}"
        )


def _norm(tensors: list[torch.Tensor]) -> float:
    return math.sqrt(sum(float(each.double().square().sum()) for each in tensors))
