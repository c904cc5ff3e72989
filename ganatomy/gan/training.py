"""The training loop: discriminator step, generator step, moving average of the generator."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.gan.losses import discriminator_bce, generator_bce
from ganatomy.gan.networks import Discriminator, Generator
from ganatomy.gan.sampling import latents
from ganatomy.gan.settings import TrainingSettings
from ganatomy.initialise import initialise
from ganatomy.rng import generator as random_generator


@dataclass
class Gan:
    """A trained pair and the exponential moving average (EMA) of its generator."""

    generator: Generator
    discriminator: Discriminator
    generator_ema: Generator


OnStep = Callable[[int, int, Callable[[], dict[str, float]], Gan], None]


def build_gan(image_size: int, channels: int, latent_dim: int, width: int, seed: int) -> Gan:
    """An untrained GAN whose weights depend on `seed` alone; the EMA starts as the generator."""
    generator = Generator(image_size, channels, latent_dim, width)
    initialise(generator, seed, "generator")
    discriminator = Discriminator(image_size, channels, width)
    initialise(discriminator, seed, "discriminator")
    generator_ema = Generator(image_size, channels, latent_dim, width)
    generator_ema.load_state_dict(generator.state_dict())
    return Gan(generator, discriminator, generator_ema.eval().requires_grad_(False))


def train_gan(
    images: torch.Tensor,
    settings: TrainingSettings,
    seed: int,
    device: torch.device,
    on_step: OnStep,
) -> Gan:
    """Train a DCGAN with BCE on logits and Adam.

    Parameters
    ----------
    images : Tensor of shape (n, c, s, s), uint8
    settings : TrainingSettings
    seed : int
        Weights, latents and minibatch order come from it and from the step alone.
    device : torch.device
    on_step : callable
        Called after each step with (done, total, losses, gan); `losses()` waits for the device,
        so call it now and then only.

    Raises
    ------
    InputError
        Fewer images than one batch.
    FloatingPointError
        The losses are no longer finite.
    """
    batch_size, latent_dim = settings.batch_size, settings.latent_dim
    if len(images) < batch_size:
        raise InputError(
            f"{len(images)} training images are fewer than one batch of {batch_size}",
            "train.batch_size or retrain.batch_size",
            "Lower the batch size or add images.",
        )
    gan = build_gan(images.shape[-1], images.shape[1], latent_dim, settings.width, seed)
    for network in (gan.generator, gan.discriminator, gan.generator_ema):
        network.to(device).to(memory_format=torch.channels_last)
    data = images.to(device)
    rate, betas = settings.learning_rate, (settings.beta1, settings.beta2)
    optimisers = tuple(
        torch.optim.Adam(network.parameters(), lr=rate, betas=betas, fused=True)
        for network in (gan.generator, gan.discriminator)
    )
    steps_per_epoch = len(data) // batch_size
    total = settings.epochs * steps_per_epoch
    gan.generator.train()
    for step in range(total):
        epoch, position = divmod(step, steps_per_epoch)
        if position == 0:
            order = torch.randperm(len(data), generator=random_generator(seed, "order", epoch))
        batch = order[position * batch_size : (position + 1) * batch_size].to(device)
        z = latents(batch_size, latent_dim, seed, step).to(device)
        losses = _step(gan, optimisers, to_float(data[batch]), z)
        _update_ema(gan, min(settings.ema_decay, (1 + step) / (10 + step)))
        on_step(step + 1, total, partial(_read, losses, step + 1), gan)
    if total:
        _read(losses, total)  # nobody may have looked
    for network in (gan.generator, gan.discriminator):
        network.eval()
    return gan


def _step(
    gan: Gan,
    optimisers: tuple[torch.optim.Optimizer, ...],
    real_images: torch.Tensor,
    z: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """One step of the discriminator, then one of the generator, on the same fakes."""
    generator_optimiser, discriminator_optimiser = optimisers
    real_images = real_images.contiguous(memory_format=torch.channels_last)
    fake_images = gan.generator(z)

    real_logits = gan.discriminator(real_images)
    fake_logits = gan.discriminator(fake_images.detach())
    d_loss = discriminator_bce(real_logits, fake_logits)
    discriminator_optimiser.zero_grad(set_to_none=True)
    d_loss.backward()
    discriminator_optimiser.step()

    gan.discriminator.requires_grad_(False)
    g_loss = generator_bce(gan.discriminator(fake_images))
    generator_optimiser.zero_grad(set_to_none=True)
    g_loss.backward()
    generator_optimiser.step()
    gan.discriminator.requires_grad_(True)
    return {
        "d_loss": d_loss.detach(),
        "g_loss": g_loss.detach(),
        "d_real_logit": real_logits.detach().mean(),
        "d_fake_logit": fake_logits.detach().mean(),
    }


@torch.no_grad()
def _update_ema(gan: Gan, decay: float) -> None:
    averaged: list[torch.Tensor] = list(gan.generator_ema.parameters())
    torch._foreach_lerp_(averaged, list(gan.generator.parameters()), 1.0 - decay)
    for target, source in zip(gan.generator_ema.buffers(), gan.generator.buffers()):
        target.copy_(source)


def _read(losses: dict[str, torch.Tensor], step: int) -> dict[str, float]:
    values = {name: float(value) for name, value in losses.items()}
    for name, value in values.items():
        if not torch.isfinite(torch.tensor(value)):
            raise FloatingPointError(f"{name} is {value} at step {step}: training has diverged")
    return values
