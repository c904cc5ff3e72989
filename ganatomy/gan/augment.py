"""DiffAugment: random changes that both reals and fakes go through before D sees them.

Zhao et al. 2020 (arXiv 2006.10738), with one difference: what is moved in from outside or cut out
is black (-1), where their code has 0, which in [-1, 1] is mid-grey.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from ganatomy.data.images import BLACK
from ganatomy.errors import InputError

TRANSLATION = 0.125
CUTOUT = 0.5


def augment(
    images: torch.Tensor,
    policy: tuple[str, ...],
    draw: torch.Generator,
    *,
    batch_size: int | None = None,
    own: slice = slice(None),
) -> torch.Tensor:
    """Change every image at random, differentiably, on its own device.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), floating point in [-1, 1]
    policy : tuple of str
        Applied in this order. ``translation``: a shift by up to an eighth of the side, rounded, in
        each direction; what moves in is black. ``cutout``: a black square of half the side, its
        centre anywhere in the image, so that a part of it may be outside. ``colour``: brightness
        (plus up to 0.5), saturation (times up to 2; of RGB images only) and contrast (times 0.5
        to 1.5), without clamping: values may leave [-1, 1]. Empty: the input itself is returned.
    draw : torch.Generator
        On the CPU, so that the numbers are the same on every device.
    batch_size : int, optional
        Where the images are a part of a batch: how many it has. Each image is then changed as it
        would be in the whole.
    own : slice
        Which part.

    Returns
    -------
    Tensor of the shape, dtype and memory format of `images`

    Raises
    ------
    InputError
        An unknown name.
    """
    unknown = [name for name in policy if name not in _CHANGES]
    if unknown:
        raise InputError(
            f"there is no augmentation {unknown[0]!r}",
            "augment",
            f"Use any of: {', '.join(_CHANGES)}.",
        )
    if not policy:
        return images
    changed = images
    numbers = _Numbers(draw, batch_size or len(images), own)
    for name in policy:
        changed = _CHANGES[name](changed, numbers)
    nhwc = images.is_contiguous(memory_format=torch.channels_last)
    return changed.contiguous(
        memory_format=torch.channels_last if nhwc else torch.contiguous_format
    )


@dataclass(frozen=True)
class _Numbers:
    """Drawn for a whole batch, given for a part of it."""

    draw: torch.Generator
    batch_size: int
    own: slice

    def integers(self, low: int, high: int) -> torch.Tensor:
        """From [low, high), shape (n, 1)."""
        return torch.randint(low, high, (self.batch_size, 1), generator=self.draw)[self.own]

    def uniform(self) -> torch.Tensor:
        """From [0, 1), shape (n, 1, 1, 1)."""
        return torch.rand(self.batch_size, 1, 1, 1, generator=self.draw)[self.own]


def _translation(images: torch.Tensor, numbers: _Numbers) -> torch.Tensor:
    count, _, height, width = images.shape
    rows, reach_y = _shifted(height, numbers)
    columns, reach_x = _shifted(width, numbers)
    padded = functional.pad(images, (reach_x, reach_x, reach_y, reach_y), value=BLACK)
    rows, columns = rows.to(images.device), columns.to(images.device)
    each = torch.arange(count, device=images.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def _shifted(size: int, numbers: _Numbers) -> tuple[torch.Tensor, int]:
    """Where in the padded image each pixel comes from, shape (n, size), and the padding."""
    reach = int(size * TRANSLATION + 0.5)
    return torch.arange(size) + reach + numbers.integers(-reach, reach + 1), reach


def _cutout(images: torch.Tensor, numbers: _Numbers) -> torch.Tensor:
    _, _, height, width = images.shape
    rows = _hidden(height, numbers).to(images.device)
    columns = _hidden(width, numbers).to(images.device)
    return images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], BLACK)


def _hidden(size: int, numbers: _Numbers) -> torch.Tensor:
    """Mark the pixels of one axis that the square covers, bool of shape (n, size)."""
    side = int(size * CUTOUT + 0.5)
    # an even square has its centre between pixels: one more place
    centre = numbers.integers(0, size + 1 - side % 2)
    offset = torch.arange(size) - (centre - side // 2)
    return (offset >= 0) & (offset < side)


def _colour(images: torch.Tensor, numbers: _Numbers) -> torch.Tensor:
    def uniform() -> torch.Tensor:
        return numbers.uniform().to(images)

    images = images + (uniform() - 0.5)
    if images.shape[1] == 3:
        grey = images.mean(1, keepdim=True)
        images = grey + (images - grey) * (uniform() * 2)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (uniform() + 0.5)


_CHANGES: dict[str, Callable[[torch.Tensor, _Numbers], torch.Tensor]] = {
    "translation": _translation,
    "cutout": _cutout,
    "colour": _colour,
}
