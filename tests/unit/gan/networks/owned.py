"""Networks that say what their first weights are."""

import random

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm

from ganatomy.gan.networks import dcgan
from ganatomy.initialise import initialise


class Said(nn.Module):
    """A discriminator with every kind of first weight that a class may set."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.full((1, width, 4, 4), 0.75))
        self.gain = nn.Parameter(torch.zeros(()))
        self.embedding = nn.Embedding(3, width)
        nn.init.constant_(self.embedding.weight, 0.25)
        self.conv = nn.Conv2d(channels, width, image_size // 4, image_size // 4)
        nn.init.orthogonal_(self.conv.weight)
        self.norm = nn.GroupNorm(1, width)
        nn.init.constant_(self.norm.weight, 3.0)
        nn.init.constant_(self.norm.bias, -0.5)
        self.logit = nn.Linear(width * 16, 1)
        nn.init.constant_(self.logit.bias, 7.0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        kind = self.embedding(torch.tensor(1, device=images.device))[:, None, None]
        hidden = self.norm(self.conv(images) + kind) * self.constant * (1 + self.gain)
        logits: torch.Tensor = self.logit(hidden.flatten(1)).squeeze(1)
        return logits


class Drawn(Said):
    """First weights from all three global generators."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        nn.init.constant_(self.gain, random.random())
        values = np.random.standard_normal(self.logit.weight.shape)
        self.logit.weight = nn.Parameter(torch.from_numpy(values).float())


class Unrepeatable(Said):
    """First weights from a generator that nobody seeds."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        nn.init.constant_(self.gain, float(np.random.default_rng().random()))


class ZeroEnd(Said):
    """Gives one logit for all images until its first step."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        nn.init.zeros_(self.logit.weight)


class Frozen(Said):
    """An embedding that is not trained."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.embedding.requires_grad_(False)


class OldNorm(Said):
    """Spectral norm as a hook, torch's older kind: its vectors are random at first."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.logit = spectral_norm(self.logit)


class DrawnUnderNorm(Said):
    """Weights that are drawn after spectral norm has looked at them."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.logit = parametrizations.spectral_norm(nn.Linear(width * 16, 1))
        self.conv = parametrizations.spectral_norm(self.conv)
        nn.init.normal_(self.conv.parametrizations.weight.original, 0.0, 2.0)


class LikeOurs(dcgan.Discriminator):
    """One of ours, with our first weights."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        initialise(self, torch.initial_seed(), "mine")
