"""In how many pieces the figure is, and how many holes it has.

Pixels of the figure hang together by sides and corners, those of the ground by sides alone.
"""

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from ganatomy.data.features.figure import figure
from ganatomy.data.features.measurement import Measurement

_WITHIN_AN_IMAGE = np.zeros((3, 3, 3), dtype=bool)
_WITHIN_AN_IMAGE[1] = True


class Components(Measurement):
    """The number of connected pieces of the figure."""

    def __init__(self) -> None:
        super().__init__("components", "shape", "number of pieces that the figure is in")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return num_components(figure(images)).float()


class Holes(Measurement):
    """The number of pieces of ground that the figure encloses."""

    def __init__(self) -> None:
        super().__init__("holes", "shape", "number of holes in the figure")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        inside = figure(images)
        return (num_components(inside) - euler_number(inside)).float()


def num_components(masks: torch.Tensor) -> torch.Tensor:
    """Count the connected pieces of masks of shape (n, 1, h, w), bool; LongTensor of shape (n,)."""
    labels, total = ndimage.label(masks[:, 0].cpu().numpy(), _WITHIN_AN_IMAGE)
    image_of = np.zeros(total + 1, dtype=np.int64)
    image_of[labels] = np.arange(len(masks))[:, None, None]
    counts = np.bincount(image_of[1:], minlength=len(masks))
    return torch.from_numpy(counts).to(masks.device)


def euler_number(masks: torch.Tensor) -> torch.Tensor:
    """Count pieces less holes of masks of shape (n, 1, h, w), bool; LongTensor of shape (n,).

    By the patterns of every square of four pixels (Gray 1971, doi 10.1109/T-C.1971.223289).

    Examples
    --------
    >>> ring = torch.ones(1, 1, 3, 3, dtype=torch.bool)
    >>> ring[..., 1, 1] = False
    >>> euler_number(ring)
    tensor([0])
    """
    padded = functional.pad(masks[:, 0].to(torch.uint8), (1, 1, 1, 1))
    upper = padded[:, :-1, :-1] + padded[:, :-1, 1:] * 2
    lower = padded[:, 1:, :-1] * 2 + padded[:, 1:, 1:]
    # the lower row is coded the other way round: the same code in both is a diagonal
    ones = upper % 2 + upper // 2 + lower % 2 + lower // 2
    diagonal = (ones == 2) & (upper == lower)
    patterns = (ones == 1).long() - (ones == 3).long() - 2 * diagonal.long()
    return patterns.sum((1, 2)) // 4
