"""Discriminators that do what packs could get wrong."""

import random

import torch
from torch import nn
from torch.nn import functional


class Plain(nn.Module):
    """What the others differ from in one point."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 4, 4)
        self.second = nn.Conv2d(width, width, 1)
        self.third = nn.Conv2d(width, width, 1)
        self.logit = nn.Linear(width * (image_size // 4) ** 2, 1)

    def between(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.third(functional.leaky_relu(self.second(hidden), 0.2))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = functional.leaky_relu(self.first(images), 0.2)
        hidden = functional.leaky_relu(self.between(hidden), 0.2)
        logits: torch.Tensor = self.logit(hidden.flatten(1)).squeeze(1)
        return logits


class Gain(Plain):
    """A parameter without axes."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.gain = nn.Parameter(torch.zeros(()))

    def between(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden + (1 + self.gain) * super().between(hidden)


class Started(Plain):
    """First weights that the class sets itself: a constant, a gain, layers of another size."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.constant = nn.Parameter(torch.full((1, width, 1, 1), 0.75))
        self.gain = nn.Parameter(torch.rand(()))
        nn.init.orthogonal_(self.second.weight)

    def between(self, hidden: torch.Tensor) -> torch.Tensor:
        return super().between(self.gain * hidden) * self.constant


class Frozen(Plain):
    """A layer that is not trained, and one that is not even used."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.unused = nn.Linear(3, 3)
        self.second.requires_grad_(False)
        self.unused.requires_grad_(False)


class Tied(Plain):
    """Two layers that are one."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.third = self.second


class Normalised(Plain):
    """Layers that vmap handles by itself, and a buffer."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.third = nn.Conv2d(width, width, 1, bias=False)  # a bias would have no gradient there
        # nor would that of a norm, in front of another, for a channel on one side of zero
        for layer in (self.first, self.second):
            nn.init.zeros_(layer.bias)
        self.norms = nn.Sequential(
            nn.GroupNorm(2, width), nn.LeakyReLU(), nn.InstanceNorm2d(width, affine=True)
        )
        self.register_buffer("scale", torch.tensor(0.5))

    def between(self, hidden: torch.Tensor) -> torch.Tensor:
        wide = functional.interpolate(super().between(hidden), scale_factor=2.0)
        return functional.avg_pool2d(self.norms(wide), 2) * self.scale


class Replacing(Plain):
    """A running mean that is replaced, not written into."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.register_buffer("mean", torch.zeros(()))

    def between(self, hidden: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * hidden.detach().mean()
        return super().between(hidden) - self.mean


class Counting(Plain):
    """Another answer at every call."""

    calls = 0

    def between(self, hidden: torch.Tensor) -> torch.Tensor:
        self.calls += self.training
        return super().between(hidden) * (1 + (0.1 * self.calls if self.training else 0))


class Drawing(Plain):
    """Random numbers of Python's own."""

    def between(self, hidden: torch.Tensor) -> torch.Tensor:
        return super().between(hidden) * (1 + (random.random() if self.training else 0))
