"""Changes of images that are as large as given ones, and mean nothing."""

import torch
from torch.nn import functional

from ganatomy.rng import generator

ENOUGH = 0.9  # of the size that is wanted: black and white allow no more in some images
_ROUNDS = 8
_COARSE = 4  # pixels between the numbers that a smooth field is drawn by


def sizes_of(changes: torch.Tensor) -> torch.Tensor:
    """Return the Euclidean length of each change, of shape (n,)."""
    sizes: torch.Tensor = changes.flatten(1).norm(dim=1)
    return sizes


def of_other_images(
    images: torch.Tensor, changes: torch.Tensor, seed: int, *purpose: str | int
) -> torch.Tensor:
    """Change each image by what another one was changed by, as much as its own change.

    Parameters
    ----------
    images, changes : Tensor of shape (n, c, h, w)
        Images in [-1, 1], and what was added to each.

    Returns
    -------
    Tensor of shape (n, c, h, w), in [-1, 1]
    """
    order = torch.randperm(len(images), generator=generator(seed, "rules", "others", *purpose))
    other = torch.empty_like(order)
    other[order] = order.roll(1)  # one round: nobody has his own, unless he is alone
    return as_large(images, changes[other], sizes_of(changes))


def smooth(
    images: torch.Tensor, changes: torch.Tensor, seed: int, *purpose: str | int
) -> torch.Tensor:
    """Change each image by a smooth random field, as much as its own change; shapes as above."""
    count, channels, height, width = images.shape
    coarse = (max(2, height // _COARSE), max(2, width // _COARSE))
    draw = generator(seed, "rules", "smooth", *purpose)
    field = torch.randn(count, channels, *coarse, generator=draw)
    field = functional.interpolate(field, (height, width), mode="bilinear", align_corners=False)
    return as_large(images, field, sizes_of(changes))


def as_large(images: torch.Tensor, fields: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """Add to each image what is of a size after black and white have cut it off.

    Where they do not let it grow so large it is smaller: see how large it is.
    """
    wanted = sizes.view(-1, 1, 1, 1)
    factor = wanted / sizes_of(fields).clamp(min=1e-12).view(-1, 1, 1, 1)
    for _ in range(_ROUNDS):
        now = sizes_of((images + factor * fields).clamp(-1, 1) - images).view(-1, 1, 1, 1)
        factor = factor * wanted / now.clamp(min=1e-12)
    return (images + factor * fields).clamp(-1, 1)
