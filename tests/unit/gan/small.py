"""A GAN small enough to be trained within a test."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.model import Gan
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.state import TrainingState
from ganatomy.gan.step import Values
from ganatomy.gan.training import train_gan

CPU = torch.device("cpu")
# D with BatchNorm: it has all that a training carries, running statistics too
SMALL = Architecture(image_size=28, channels=1, latent_dim=5, width=4, discriminator="dcgan")
PLAIN = Method(  # nothing but a loss
    discriminator="dcgan", r1=0.0, penalty_every=1, beta1=0.5, schedule="constant"
)
OnStep = Callable[[TrainingState, int, Values | None], None]


def small_settings(**options: Any) -> TrainingSettings:
    """A small budget; options that are not part of it are changes of the plain method."""
    budget: dict[str, Any] = {
        "epochs": 2,
        "batch_size": 4,
        "latent_dim": 5,
        "width": 4,
        "learning_rate": 1e-3,
        "ema_decay": 0.9,
    }
    own = {name: options.pop(name) for name in list(options) if name in budget}
    return TrainingSettings(**(budget | own), method=replace(PLAIN, **options))


def train_small(images: torch.Tensor, on_step: OnStep = lambda *_: None, **options: Any) -> Gan:
    seed = options.pop("seed", 3)
    return train_gan(images, small_settings(**options), seed, device=CPU, on_step=on_step)


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def same(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    first, second = weights(one), weights(two)
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )
