"""One step of the discriminator, one of the generator, and the moving average."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.gan.augment import augment
from ganatomy.gan.losses import Loss
from ganatomy.gan.penalties import gradient_penalty, r1_penalty, r2_penalty
from ganatomy.gan.settings import Method
from ganatomy.gan.state import TrainingState
from ganatomy.rng import generator as random_generator

Values = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Rules:
    """The settings and functions that are the same in every step.

    Attributes
    ----------
    method : Method
    loss : Loss
    seed : int
    batch_size : int
        Of all ranks together; numbers are drawn for so many.
    own : slice
        This rank's part of the batch.
    forward_generator, forward_discriminator : callable
        The networks as they are called while their own weights are trained.
    backward : callable
        Fills in the gradients of a loss.
    """

    method: Method
    loss: Loss
    seed: int
    batch_size: int
    own: slice
    forward_generator: Callable[..., torch.Tensor]
    forward_discriminator: Callable[..., torch.Tensor]
    backward: Callable[[torch.Tensor], None]


def fake_batch(state: TrainingState, rules: Rules, z: torch.Tensor) -> torch.Tensor:
    """Generate images of latents, float32, with the way back to G's weights."""
    with _precision(state, rules.method):
        return rules.forward_generator(z).float()


def discriminator_step(
    state: TrainingState,
    rules: Rules,
    real_images: torch.Tensor,
    *,
    fake_images: torch.Tensor,
    labels: torch.Tensor | None,
    turn: int,
) -> Values:
    """Take one step of D; return its loss and logits.

    Parameters
    ----------
    real_images, fake_images : Tensor of shape (n, c, s, s), float32 in [-1, 1]
    labels : Tensor of shape (n,), int64, or None
    turn : int
        Steps of D done before this one.
    """
    method, discriminator = rules.method, rules.forward_discriminator
    given = () if labels is None else (labels,)
    reals = _augmented(rules, real_images, turn, "real")
    fakes = _augmented(rules, fake_images.detach(), turn, "fake")
    with _precision(state, method):
        real_logits = discriminator(reals, *given)
        fake_logits = discriminator(fakes, *given)
    real_logits, fake_logits = real_logits.float(), fake_logits.float()
    loss = rules.loss.discriminator(real_logits, fake_logits)
    total = loss
    if turn % method.penalty_every == 0:
        total = loss + method.penalty_every * _penalties(state, rules, reals, fakes, labels, turn)
    state.optimisers["discriminator"].zero_grad(set_to_none=True)
    rules.backward(total)
    state.optimisers["discriminator"].step()
    return {"d_loss": loss.detach(), "real": real_logits.detach(), "fake": fake_logits.detach()}


def generator_step(
    state: TrainingState,
    rules: Rules,
    real_images: torch.Tensor,
    *,
    fake_images: torch.Tensor,
    labels: torch.Tensor | None,
    turn: int,
) -> Values:
    """Take one step of G, through D as it is now; return its loss."""
    discriminator = state.gan.discriminator
    given = () if labels is None else (labels,)
    trained = [each for each in discriminator.parameters() if each.requires_grad]
    for parameter in trained:  # what the user froze stays frozen afterwards
        parameter.requires_grad_(False)
    with _precision(state, rules.method):
        fake_logits = discriminator(_augmented(rules, fake_images, turn, "g-fake"), *given).float()
        real_logits = fake_logits
        if rules.loss.needs_real:
            reals = _augmented(rules, real_images, turn, "g-real")
            real_logits = discriminator(reals, *given).float()
    loss = rules.loss.generator(fake_logits, real_logits)
    state.optimisers["generator"].zero_grad(set_to_none=True)
    rules.backward(loss)
    state.optimisers["generator"].step()
    for parameter in trained:
        parameter.requires_grad_(True)
    return {"g_loss": loss.detach()}


@torch.no_grad()
def update_ema(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Set average <- decay * average + (1 - decay) * network; buffers are copied."""
    averaged: list[torch.Tensor] = list(average.parameters())
    torch._foreach_lerp_(averaged, list(network.parameters()), 1.0 - decay)
    for target, source in zip(average.buffers(), network.buffers()):
        target.copy_(source)


def gradient_norm(network: nn.Module) -> torch.Tensor:
    """Return the Euclidean norm over the gradients of all parameters, a tensor of shape ()."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    norms: list[torch.Tensor] = torch._foreach_norm(gradients)  # type: ignore[assignment]
    total: torch.Tensor = torch.stack(norms).norm()
    return total


def _penalties(
    state: TrainingState,
    rules: Rules,
    reals: torch.Tensor,
    fakes: torch.Tensor,
    labels: torch.Tensor | None,
    turn: int,
) -> torch.Tensor:
    method, discriminator = rules.method, rules.forward_discriminator
    total = torch.zeros((), device=reals.device)
    if method.r1:
        total = total + method.r1 * r1_penalty(discriminator, reals, labels)
    if method.r2:
        total = total + method.r2 * r2_penalty(discriminator, fakes, labels)
    if method.gradient_penalty:
        draw = random_generator(rules.seed, "mix", turn)
        mix = torch.rand(rules.batch_size, generator=draw)[rules.own].to(reals.device)
        penalty = gradient_penalty(discriminator, reals, fakes, mix, labels)
        total = total + method.gradient_penalty * penalty
    return total


def _augmented(rules: Rules, images: torch.Tensor, turn: int, purpose: str) -> torch.Tensor:
    if not rules.method.augment:
        return images
    draw = random_generator(rules.seed, "augment", purpose, turn)
    return augment(images, rules.method.augment, draw, batch_size=rules.batch_size, own=rules.own)


def _precision(state: TrainingState, method: Method) -> torch.autocast:
    enabled = method.precision == "bfloat16"
    return torch.autocast(state.device.type, dtype=torch.bfloat16, enabled=enabled)
