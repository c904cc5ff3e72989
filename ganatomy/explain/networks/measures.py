"""What can be measured straight on images, without any network: brightness, contrast, colours."""

from collections.abc import Callable

import torch

from ganatomy.data.features.colours import Saturation
from ganatomy.data.features.tones import Brightness

Measure = Callable[[torch.Tensor], torch.Tensor]
_LEAST = 1e-12  # of a variance: below it a standard deviation has no gradient
_COLOURS = ("red", "green", "blue")


def _contrast(images: torch.Tensor) -> torch.Tensor:
    """Give the standard deviation over pixels and channels, with a gradient where it is 0."""
    return images.var((1, 2, 3), correction=0).clamp_min(_LEAST).sqrt()


def _colour(index: int) -> Measure:
    return lambda images: images[:, index].mean((1, 2)) - images.mean((1, 2, 3))


MEASURES: dict[str, Measure] = {
    "brightness": Brightness().measure,
    "contrast": _contrast,
    "saturation": Saturation().measure,
    **{name: _colour(index) for index, name in enumerate(_COLOURS)},
}
"""Functions of images (n, c, h, w) in [-1, 1], differentiable, to (n,).

Brightness: the mean over pixels and channels; contrast: their standard deviation; saturation: its
mean, pixels weighted by their value; red, green, blue: how far the channel's mean lies above that
of all three.
"""


def measures_for(channels: int) -> tuple[str, ...]:
    """Name what can be measured on images of so many channels: colours need three.

    Examples
    --------
    >>> measures_for(1)
    ('brightness', 'contrast')
    """
    return tuple(MEASURES) if channels == 3 else ("brightness", "contrast")
