"""The training loop: discriminator step, generator step, moving average of the generator."""

from collections.abc import Callable

import torch

from ganatomy.data.images import to_float
from ganatomy.data.minibatches import open_batches
from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.distributed import Ranks, SingleRank
from ganatomy.gan.losses import loss_named
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import latents
from ganatomy.gan.schedules import ema_decay_at, learning_rate_factor
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.step import (
    Rules,
    Values,
    discriminator_step,
    fake_batch,
    generator_step,
    gradient_norm,
    update_ema,
)
from ganatomy.rng import generator as random_generator

OnStep = Callable[[TrainingState, int, Values | None], None]


class Diverged(FloatingPointError):
    """A loss, a logit, a gradient or a weight is no longer finite."""


def architecture_for(
    images: torch.Tensor, settings: TrainingSettings, num_classes: int
) -> Architecture:
    """Return the architecture that fits images of shape (n, c, s, s).

    Raises
    ------
    InputError
        The images are not square.
    """
    height, width = images.shape[-2:]
    if height != width:
        raise InputError(
            f"images of {width} by {height} pixels: GANatomy trains GANs of square images only",
            "image_size",
            "Use one number; a GAN that was trained elsewhere may make images of any size.",
        )
    method = settings.method
    return Architecture(
        image_size=images.shape[-1],
        channels=images.shape[1],
        latent_dim=settings.latent_dim,
        width=settings.width,
        generator=method.generator,
        discriminator=method.discriminator,
        num_classes=num_classes if method.conditional else 0,
        spectral_norm=method.spectral_norm,
    )


def num_steps(num_images: int, settings: TrainingSettings) -> int:
    """Return the number of steps of G in a whole training."""
    return settings.epochs * (num_images // settings.batch_size) // settings.method.n_dis


def train_gan(
    images: torch.Tensor,
    settings: TrainingSettings,
    seed: int,
    *,
    device: torch.device | str = "cpu",
    on_step: OnStep = lambda state, total, measured: None,
    labels: torch.Tensor | None = None,
    num_classes: int = 0,
) -> Gan:
    """Train a GAN from its first step to its last, with nothing kept on the way.

    Parameters
    ----------
    images : Tensor of shape (n, c, s, s), uint8
    settings : TrainingSettings
    seed : int
        Weights, latents, augmentations and minibatch order come from it and from the step alone.
    device : torch.device or str
    on_step : callable
        Called after each step with (state, total, None).
    labels : Tensor of shape (n,), int64, optional
        What a conditional method is told.
    num_classes : int

    Raises
    ------
    InputError
        Fewer images than one batch, or a conditional method without labels.
    Diverged
        The networks are no longer finite.

    Examples
    --------
    >>> from ganatomy.gan.sampling import generate, latents
    >>> images = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8)
    >>> settings = TrainingSettings(epochs=1, batch_size=16, latent_dim=8, width=4)
    >>> gan = train_gan(images, settings, seed=0)
    >>> generate(gan.generator_ema, latents(2, gan.architecture, 0)).shape
    torch.Size([2, 1, 28, 28])
    """
    architecture = architecture_for(images, settings, num_classes)
    state = begin(architecture, settings, seed, device=torch.device(device))
    train(state, images, labels, settings=settings, seed=seed, on_step=on_step, measure_every=0)
    if not state.is_finite():
        raise Diverged(f"the weights are no longer finite after {state.step} steps")
    return finished(state)


def finished(state: TrainingState) -> Gan:
    """Return the GAN in eval mode, without what its last step recorded, so it can be copied."""
    for network in (state.gan.generator, state.gan.discriminator):
        network.eval()
        for module in network.modules():
            # torch's older spectral and weight norms leave the weight that they computed there
            for name, value in list(vars(module).items()):
                if isinstance(value, torch.Tensor) and value.grad_fn is not None:
                    setattr(module, name, value.detach())
    return state.gan


def train(
    state: TrainingState,
    images: torch.Tensor,
    labels: torch.Tensor | None,
    *,
    settings: TrainingSettings,
    seed: int,
    on_step: OnStep,
    measure_every: int,
    ranks: Ranks | None = None,
    total: int | None = None,
) -> None:
    """Train from `state` to the last step.

    Parameters
    ----------
    on_step : callable
        Called after each step with (state, total, values): every `measure_every` steps and after
        the last one values are tensors of shape () by name, else None. Reading one waits for the
        device. What it raises ends the training after a whole step.
    ranks : Ranks, optional
        The processes that share each batch; without it there is this one.
    total : int, optional
        How many steps G makes; by default `num_steps` of these images.
    """
    ranks = ranks or SingleRank()
    method, batch_size = settings.method, settings.batch_size
    check_trainable(images, labels, settings)
    classes = labels if state.gan.architecture.num_classes else None
    order = Order(len(images), batch_size, seed)
    total = num_steps(len(images), settings) if total is None else total
    own = ranks.share(batch_size)
    with ranks.joined(state) as calls, open_batches(images, state.device) as batches:
        rules = Rules(method, loss_named(method.loss), seed, batch_size, own, *calls)
        for step in range(state.step, total):
            _set_learning_rate(state, settings, step, total)
            for turn in range(step * method.n_dis, (step + 1) * method.n_dis):
                index = order.batch(turn)[own]
                real_images = _real(batches.take(index))
                batches.prefetch(order.batch(turn + 1)[own])
                known = None if classes is None else classes[index].to(state.device)
                z = _latents(state, order.batch(turn), classes, seed, turn, own)
                fake_images = fake_batch(state, rules, z)
                d_values = discriminator_step(
                    state, rules, real_images, fake_images=fake_images, labels=known, turn=turn
                )
            g_values = generator_step(
                state, rules, real_images, fake_images=fake_images, labels=known, turn=turn
            )
            update_ema(
                state.gan.generator_ema,
                state.gan.generator,
                ema_decay_at(step, settings.ema_decay),
            )
            state.step = step + 1
            last = state.step == total
            wanted = last or (measure_every > 0 and state.step % measure_every == 0)
            values = ranks.mean(_measured(state, d_values, g_values)) if wanted else None
            on_step(state, total, values)


def read(values: Values, step: int) -> dict[str, float]:
    """Turn measured values into numbers; waits for the device.

    Raises
    ------
    Diverged
        One of them is not finite.
    """
    numbers = {name: float(value) for name, value in values.items()}
    for name, number in numbers.items():
        if not torch.isfinite(torch.tensor(number)):
            raise Diverged(f"{name} is {number} at step {step}: training has diverged")
    return numbers


class Order:
    """The order of the images in minibatches: a new permutation in every epoch.

    Parameters
    ----------
    num_images : int
        At least `batch_size`; what is left of a batch at the end of an epoch is dropped.
    batch_size : int
    seed : int
    """

    def __init__(self, num_images: int, batch_size: int, seed: int) -> None:
        self.num_images = num_images
        self.batch_size = batch_size
        self.seed = seed
        self._epochs: dict[int, torch.Tensor] = {}

    def batch(self, turn: int) -> torch.Tensor:
        """Return the indices, (batch_size,), int64, of the `turn`-th minibatch since the start."""
        epoch, position = divmod(turn, self.num_images // self.batch_size)
        if epoch not in self._epochs:
            draw = random_generator(self.seed, "order", epoch)
            order = torch.randperm(self.num_images, generator=draw)
            self._epochs = {k: v for k, v in self._epochs.items() if k == epoch - 1}
            self._epochs[epoch] = order
        return self._epochs[epoch][position * self.batch_size : (position + 1) * self.batch_size]


def check_trainable(
    images: torch.Tensor, labels: torch.Tensor | None, settings: TrainingSettings
) -> None:
    """Refuse images that cannot be trained on: fewer than one batch, or without labels if needed.

    Raises
    ------
    InputError
    """
    if len(images) < settings.batch_size:
        raise InputError(
            f"{len(images)} training images are fewer than one batch of {settings.batch_size}",
            "batch_size",
            "Lower the batch size or add images.",
        )
    if settings.method.conditional and (labels is None or bool((labels < 0).any())):
        raise InputError(
            "a conditional GAN needs the class of every training image",
            "conditional",
            "Set it to false, or sort the images into one folder for each class.",
        )


def _real(images: torch.Tensor) -> torch.Tensor:
    return to_float(images).contiguous(memory_format=torch.channels_last)


def _latents(
    state: TrainingState,
    index: torch.Tensor,
    classes: torch.Tensor | None,
    seed: int,
    turn: int,
    own: slice,
) -> torch.Tensor:
    """This process's share of the batch's latents; fakes have the classes of the reals."""
    architecture = state.gan.architecture
    own_classes = None if classes is None else classes[index]
    z = latents(len(index), architecture, seed, turn, labels=own_classes)
    return z[own].to(state.device, non_blocking=True)


def _set_learning_rate(
    state: TrainingState, settings: TrainingSettings, step: int, total: int
) -> None:
    method = settings.method
    factor = learning_rate_factor(step, total, method.schedule, warmup=method.warmup)
    for optimiser in state.optimisers.values():
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * factor


def _measured(state: TrainingState, d_values: Values, g_values: Values) -> Values:
    real, fake = d_values["real"], d_values["fake"]
    return {
        "d_loss": d_values["d_loss"],
        "g_loss": g_values["g_loss"],
        "d_real_logit": real.mean(),
        "d_fake_logit": fake.mean(),
        "d_accuracy_real": (real > 0).float().mean(),
        "d_accuracy_fake": (fake < 0).float().mean(),
        "d_grad_norm": gradient_norm(state.gan.discriminator),
        "g_grad_norm": gradient_norm(state.gan.generator),
    }
