"""Discriminators of which it is known what they decide by."""

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from ganatomy.data.features.strokes import Thickness
from ganatomy.data.images import to_float, to_uint8
from ganatomy.rng import generator

SIDE = 16
LEARNED = "learned:holes"
CORNER = slice(0, 4)
_DARK = -0.6  # no texture is so bright that it would be taken for a stroke


class Judge(nn.Module):
    """A discriminator that is a function of images."""

    def __init__(self, logits: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self._logits = logits

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return a logit of each image."""
        return self._logits(images)


def strokes(count: int, seed: int) -> torch.Tensor:
    """Draw upright bars and rings of many widths, as many of either, stored in 8 bits."""
    draw = generator(seed, "planted", "strokes")
    width = (1 + 3 * torch.rand(count, 1, 1, generator=draw)) / 2
    radius = 4 + 2 * torch.rand(count, 1, 1, generator=draw)
    axis = torch.arange(SIDE) - (SIDE - 1) / 2
    down, across = axis.view(-1, 1), axis.view(1, -1)
    outside_bar = torch.maximum(across.abs() - width, down.abs() - radius)
    outside_ring = (torch.hypot(down, across) - radius).abs() - width
    is_ring = (torch.arange(count) % 2 == 0).view(-1, 1, 1)
    bright = (0.5 - torch.where(is_ring, outside_ring, outside_bar)).clamp(0, 1)
    return to_float(to_uint8(2 * bright.unsqueeze(1) - 1))


def holes(images: torch.Tensor) -> torch.Tensor:
    """Count the dark parts that bright strokes enclose, as `scipy` counts components."""
    bright = np.pad(images.mean(1).numpy() > 0, ((0, 0), (1, 1), (1, 1)))
    return torch.tensor([ndimage.label(~each)[1] - 1.0 for each in bright])


def thick_without_hole(cut: float, count: Callable[[torch.Tensor], torch.Tensor]) -> Judge:
    """Say real where strokes are thicker than `cut` pixels and have no hole, as `count` counts."""

    def logits(images: torch.Tensor) -> torch.Tensor:
        return torch.minimum(Thickness().values(images)[:, 0] - cut, 0.5 - count(images))

    return Judge(logits)


def noise() -> Judge:
    """Decide by a hash of the pixels."""

    def logits(images: torch.Tensor) -> torch.Tensor:
        digests = (hashlib.sha256(each.numpy().tobytes()).digest() for each in to_uint8(images))
        return torch.tensor([each[0] / 255 - 0.5 for each in digests])

    return Judge(logits)


def texture() -> Judge:
    """Decide by which of two fine textures fills the upper left corner."""
    return Judge(lambda images: (images[:, 0, CORNER, CORNER] * _fine()).mean((1, 2)))


def textured(images: torch.Tensor, seed: int, share: torch.Tensor | None = None) -> torch.Tensor:
    """Give corners random pixels that hold a texture or, of as many, its negative.

    Parameters
    ----------
    share : Tensor of shape (n,), optional
        Chance of the texture, by default a half.
    """
    draw = generator(seed, "planted", "texture")
    chance = torch.full((len(images),), 0.5) if share is None else share
    sign = torch.where(torch.rand(len(images), generator=draw) < chance, 1.0, -1.0)
    around = 0.3 * (torch.rand(len(images), 4, 4, generator=draw) - 0.5)
    changed = images.clone()
    changed[:, 0, CORNER, CORNER] = _DARK + around + 0.2 * sign.view(-1, 1, 1) * _fine()
    return to_float(to_uint8(changed))


def patterns(contrast: torch.Tensor, seed: int) -> torch.Tensor:
    """Draw grey images with a fine random pattern, each of its own contrast."""
    draw = generator(seed, "planted", "patterns")
    signs = torch.randint(0, 2, (len(contrast), 1, SIDE, SIDE), generator=draw) * 2.0 - 1
    return to_float(to_uint8(contrast.view(-1, 1, 1, 1) * signs))


def _fine() -> torch.Tensor:
    """A chequered texture that is the same seen from the other side, and 0 on the whole."""
    steps = torch.tensor([1.0, -1.0, -1.0, 1.0])
    return steps.view(-1, 1) * steps
