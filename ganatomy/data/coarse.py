"""How much two images differ at least, told from sums over blocks of their pixels.

To compare two images pixel by pixel after every small move is dear, and nearly all pairs that are
compared differ widely. What differs, seen as a vector, is at least as long as its part along any
vectors that are orthogonal (Bessel's inequality): here, along the blocks of a grid. It holds for
each move by a whole pixel; what least squares on the gradient take off within the blocks is at
least what they can take off along them. So no pair is left out that pixels would have confirmed.
"""

import itertools
import math
from typing import NamedTuple

import torch

_BLOCKS = 6  # along each side
_MARGIN = 2  # a move by a pixel, and the gradient beside it
_OFFSETS = 2 * _MARGIN + 1
_CHUNK = 64
_LEAST_DETERMINANT = 1e-3  # below: gradients along one line only, a sum cannot tell them apart
_ROUNDING = 0.01  # of what differs: sums are float32


class Coarse(NamedTuple):
    """Sums over blocks of images, in units that make the squares of one image add up to a mean.

    Attributes
    ----------
    middle : Tensor of shape (n, k)
        Of images that are not moved.
    along_x, along_y : Tensor of shape (n, k)
        Of four times their gradients.
    """

    middle: torch.Tensor
    along_x: torch.Tensor
    along_y: torch.Tensor

    def take(self, index: torch.Tensor) -> "Coarse":
        """Return those of the images at `index`."""
        return Coarse(*(values[index] for values in self))


def coarse(images: torch.Tensor) -> Coarse:
    """Sum images over blocks.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
        Of 5 px a side or more.
    """
    parts = []
    for part in images.split(_CHUNK):
        sums = _sums(part)
        middle = sums[:, 2, 2].clone()  # a view would hold the sums of all offsets
        parts.append((middle, sums[:, 2, 3] - sums[:, 2, 1], sums[:, 3, 2] - sums[:, 1, 2]))
    return Coarse(*(torch.cat(values) for values in zip(*parts)))


def moved(images: torch.Tensor) -> Coarse:
    """Sum images over blocks that are moved by up to a pixel in each direction.

    Returns
    -------
    Coarse
        Its tensors are of shape (n, 9, k).
    """
    sums = torch.cat([_sums(part) for part in images.split(_CHUNK)])
    return Coarse(
        sums[:, 1:4, 1:4].flatten(1, 2),
        (sums[:, 1:4, 2:5] - sums[:, 1:4, 0:3]).flatten(1, 2),
        (sums[:, 2:5, 1:4] - sums[:, 0:3, 1:4]).flatten(1, 2),
    )


def least_apart(first: Coarse, second: Coarse) -> torch.Tensor:
    """Bound from below how much the images of each pair differ after the best move.

    Parameters
    ----------
    first : Coarse
        As of `moved`.
    second : Coarse
        As of `coarse`, as many.

    Returns
    -------
    Tensor of shape (n,)
        Mean squares in levels.
    """
    apart = first.middle - second.middle[:, None]
    along_x = first.along_x + second.along_x[:, None]
    along_y = first.along_y + second.along_y[:, None]
    whole, xx, yy = _dot(apart, apart), _dot(along_x, along_x), _dot(along_y, along_y)
    xy, by_x, by_y = _dot(along_x, along_y), _dot(along_x, apart), _dot(along_y, apart)
    determinant = xx * yy - xy * xy
    taken_off = (yy * by_x**2 - 2 * xy * by_x * by_y + xx * by_y**2) / determinant
    is_settled = determinant > _LEAST_DETERMINANT * xx * yy
    bound = torch.where(is_settled, whole - taken_off - _ROUNDING * whole, 0.0)
    return bound.amin(1)


def _dot(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return (first * second).sum(-1)


def _sums(images: torch.Tensor) -> torch.Tensor:
    """Sums for each offset of the blocks, shape (n, 5, 5, k), over what is inside the margin."""
    height, width = images.shape[-2:]
    down, across = _grid(height), _grid(width)
    sums = down @ (images.float() - 128) @ across.T
    count, channels = images.shape[:2]
    sums = sums.view(count, channels, _OFFSETS, -1, _OFFSETS, len(across) // _OFFSETS)
    side = math.sqrt(channels * (height - 2 * _MARGIN) * (width - 2 * _MARGIN))
    return sums.permute(0, 2, 4, 1, 3, 5).flatten(3) / side


def _grid(length: int) -> torch.Tensor:
    """Blocks of one side, each of length one, for each offset: shape (5 * blocks, length)."""
    inside = length - 2 * _MARGIN
    count = min(_BLOCKS, inside)
    edges = [inside * k // count for k in range(count + 1)]
    grid = torch.zeros(_OFFSETS, count, length)
    for offset in range(_OFFSETS):
        for block, (start, stop) in enumerate(itertools.pairwise(edges)):
            grid[offset, block, offset + start : offset + stop] = 1 / math.sqrt(stop - start)
    return grid.flatten(0, 1)
