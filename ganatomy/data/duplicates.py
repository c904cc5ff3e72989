"""Images that a data set holds twice: equal, or nearly so.

Nearly equal is what is left of one picture when it is saved anew as JPEG, or cut out up to a pixel
beside. Images that are turned, mirrored, enlarged or retouched are not looked for.

A pair is proposed by perceptual hashes that are near, the magnitudes of low frequencies, which do
not change when an image is moved; it is confirmed by pixels. After the best move by up to a pixel
two things must hold: what still differs is at most 3% of the image's variance, beside the noise of
JPEG, and at most 15% of what differs from the farthest of the image's eight candidates. The second
lets data in which everything resembles everything (handwritten ones, frames of a camera that does
not move) keep its resemblances: they are what such data is like, and not copies.

Most pairs that hashes propose are far apart, and are left out before their pixels are compared, by
a bound that no pair exceeds which could be confirmed (`ganatomy.data.coarse`).

The three numbers were chosen on digits and on patches of colour photographs, and judged on grey
patches: docs/decisions/0026-duplicates.md has the figures.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganatomy.data.coarse import Coarse, coarse, least_apart, moved

_FREQUENCIES = 6
_CANDIDATES = 8
_SHARE_OF_VARIANCE = 0.03
_SHARE_OF_FARTHEST = 0.15
_JPEG_NOISE = 20.0  # mean square in levels
_SHARE_OF_NOISE = 0.4  # of the variance at most: what is nearly flat is not all the same
_ROUNDING = 0.25
_FARTHEST_MOVE = 0.6  # of a pixel, from the nearest whole one
_MOST_ROWS = 1024
# More at a time than a cache holds, and most of the time goes to fetching memory.
_IMAGE_VALUES = 1 << 19  # pixels of images that are looked at one by one
_CANDIDATE_VALUES = 1 << 24  # pixels of images and their candidates held at a time
_PAIR_VALUES = 1 << 16  # of pairs that are moved over each other
_BOUND_PAIRS = 256


@dataclass(frozen=True)
class Duplicates:
    """Groups of equal and nearly equal images among n.

    Attributes
    ----------
    group : Tensor of shape (n,), int64
        The place of the first image that this one is a duplicate of; its own where it is none.
    equal : Tensor of shape (n,), int64
        The same of images that are equal byte for byte.
    """

    group: torch.Tensor
    equal: torch.Tensor

    @property
    def is_repeated(self) -> torch.Tensor:
        """Mask of the images that another one comes before: Tensor of shape (n,), bool."""
        return self.group != torch.arange(len(self.group))

    @property
    def in_groups(self) -> torch.Tensor:
        """Mask of the images that have a duplicate at all: Tensor of shape (n,), bool."""
        return self.group.bincount(minlength=len(self.group))[self.group] > 1


def find_duplicates(
    images: torch.Tensor, progress: Callable[[int, int], None] | None = None
) -> Duplicates:
    """Group images that are equal or nearly so.

    Who is nearly equal to one of a group belongs to it.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
    progress : callable, optional
        Called with (done, total) images.
    """
    equal = _first_equal(images)
    kept = torch.nonzero(equal == torch.arange(len(images))).flatten()
    pairs = kept[_near_pairs(_taken(images, kept), None, progress)]
    group = _join(pairs.tolist(), len(images))[equal]
    return Duplicates(group, equal)


def found_among(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Find the images that are also among others, equal or nearly so.

    Parameters
    ----------
    images, others : Tensor of shape (n, c, h, w) and (m, c, h, w), uint8

    Returns
    -------
    Tensor of shape (n,), bool
    """
    there = {digest: place for place, digest in reversed(list(enumerate(_digests(others))))}
    is_repeated = torch.tensor([digest in there for digest in _digests(images)], dtype=torch.bool)
    left = torch.nonzero(~is_repeated).flatten()
    different = torch.tensor(sorted(there.values()), dtype=torch.int64)
    near = _near_pairs(_taken(images, left), _taken(others, different))
    is_repeated[left[near[:, 0]]] = True
    return is_repeated


def _taken(images: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """The images at `index`, all different and in order; no copy where these are all."""
    return images if len(index) == len(images) else images[index]


def _digests(images: torch.Tensor) -> list[bytes]:
    return [hashlib.sha256(image.tobytes()).digest() for image in images.contiguous().numpy()]


def _first_equal(images: torch.Tensor) -> torch.Tensor:
    first: dict[bytes, int] = {}
    places = [first.setdefault(digest, k) for k, digest in enumerate(_digests(images))]
    return torch.tensor(places, dtype=torch.int64)


def _join(pairs: list[list[int]], count: int) -> torch.Tensor:
    """The smallest place in each one's connected component."""
    root = list(range(count))

    def find(place: int) -> int:
        while root[place] != place:
            root[place] = place = root[root[place]]
        return place

    for pair in pairs:
        low, high = sorted(map(find, pair))
        root[high] = low
    return torch.tensor([find(place) for place in range(count)], dtype=torch.int64)


def _near_pairs(
    images: torch.Tensor,
    others: torch.Tensor | None,
    progress: Callable[[int, int], None] | None = None,
) -> torch.Tensor:
    """Nearly equal pairs, shape (k, 2), int64: places in `images` and in `others`; with None, in
    `images` both, and none with itself. No image is equal to one that it is compared with."""
    pool = images if others is None else others
    num_candidates = min(_CANDIDATES, len(pool) - (others is None))
    if len(images) == 0 or num_candidates < 1:
        return torch.empty(0, 2, dtype=torch.int64)
    hashes = _perceptual_hashes(images)
    pool_hashes = hashes if others is None else _perceptual_hashes(others)
    centre = pool_hashes.mean(0)
    hashes, pool_hashes = hashes - centre, pool_hashes - centre
    norms, pool_tolerance, pool_coarse = pool_hashes.square().sum(1), _tolerance(pool), coarse(pool)
    tolerance = pool_tolerance if others is None else _tolerance(images)
    pairs = [torch.empty(0, 2, dtype=torch.int64)]
    step = _num_at_a_time(images, _CANDIDATE_VALUES // num_candidates)
    for start in range(0, len(images), step):
        part = hashes[start : start + step]
        squared = torch.addmm(norms, part, pool_hashes.T, alpha=-2)
        squared += part.square().sum(1, keepdim=True)
        if others is None:
            squared.diagonal(start).fill_(torch.inf)
        apart, nearest = squared.topk(num_candidates, largest=False)
        # half of all frequencies, and of them the low ones: pixels differ by more than that
        likely = apart <= images[0, 0].numel() * tolerance[start : start + step, None]
        row, column = torch.nonzero(likely).unbind(1)
        place, other = start + row, nearest[row, column]
        may_differ = tolerance[place].minimum(pool_tolerance[other])
        can_be = _least_apart(images, place, pool_coarse, other) <= may_differ
        place, other, may_differ = place[can_be], other[can_be], may_differ[can_be]
        left = _left_over(images[place], pool[other])
        is_near = left <= may_differ
        place, other, left = place[is_near], other[is_near], left[is_near]
        if num_candidates > 1:
            farthest = _left_over(images[place], pool[nearest[place - start, -1]])
            is_near = left <= _SHARE_OF_FARTHEST * farthest
            place, other = place[is_near], other[is_near]
        pairs.append(torch.stack([place, other], 1))
        if progress:
            progress(min(start + step, len(images)), len(images))
    return torch.cat(pairs)


def _perceptual_hashes(images: torch.Tensor) -> torch.Tensor:
    """Magnitudes of the low frequencies of brightness, shape (n, 91), float32."""
    height, last = images.shape[-2], _FREQUENCIES + 1
    rows = [*range(last), *range(height - _FREQUENCIES, height)]
    side = math.sqrt(images[0, 0].numel())
    parts = [
        torch.fft.rfft2(part.float().mean(1)).abs()[:, rows, :last].flatten(1) / side
        for part in images.split(_num_at_a_time(images, _IMAGE_VALUES))
    ]
    return torch.cat(parts)


def _tolerance(images: torch.Tensor) -> torch.Tensor:
    """Say how much of each image may differ: mean squares in levels, shape (n,)."""
    if len(images) == 0:
        return torch.empty(0)
    parts = [
        part.float().var((2, 3), correction=0).mean(1)
        for part in images.split(_num_at_a_time(images, _IMAGE_VALUES))
    ]
    variance = torch.cat(parts)
    may_differ = _SHARE_OF_VARIANCE * variance + _JPEG_NOISE
    return may_differ.minimum(_SHARE_OF_NOISE * variance) + _ROUNDING


def _left_over(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Mean square difference of each pair after the best move by up to a pixel, shape (n,)."""
    if len(first) == 0:
        return torch.empty(0)
    size = _num_at_a_time(first, _PAIR_VALUES)
    parts = [
        _moved_apart(one.float(), other.float())
        for one, other in zip(first.split(size), second.split(size))
    ]
    return torch.cat(parts)


def _least_apart(
    images: torch.Tensor, place: torch.Tensor, pool: Coarse, other: torch.Tensor
) -> torch.Tensor:
    """Bound `_left_over` of each pair from below; `place` is in order."""
    if len(place) == 0:
        return torch.empty(0)
    chosen, row = place.unique_consecutive(return_inverse=True)
    first = moved(images[chosen])
    parts = [
        least_apart(first.take(one), pool.take(two))
        for one, two in zip(row.split(_BOUND_PAIRS), other.split(_BOUND_PAIRS))
    ]
    return torch.cat(parts)


def _num_at_a_time(images: torch.Tensor, num_values: int) -> int:
    return max(1, min(_MOST_ROWS, num_values // max(1, images[0].numel() if len(images) else 1)))


def _moved_apart(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The best whole move, then the part of a pixel that least squares find from the gradient
    (Lucas and Kanade 1981)."""
    inner = second[..., 1:-1, 1:-1]
    height, width = inner.shape[-2:]
    windows = torch.stack(
        [first[..., y : y + height, x : x + width] for y in range(3) for x in range(3)]
    )
    best = (windows - inner).square().mean((2, 3, 4)).argmin(0)
    moved = windows[best, torch.arange(len(first))]
    mean, apart = (moved + inner) / 2, (moved - inner)[..., 1:-1, 1:-1]
    along_x = (mean[..., 1:-1, 2:] - mean[..., 1:-1, :-2]) / 2
    along_y = (mean[..., 2:, 1:-1] - mean[..., :-2, 1:-1]) / 2
    xx, xy, yy = _dot(along_x, along_x), _dot(along_x, along_y), _dot(along_y, along_y)
    towards_x, towards_y = _dot(along_x, apart), _dot(along_y, apart)
    determinant = xx * yy - xy * xy
    is_settled = determinant > 1e-6 * xx * yy  # an image of stripes moves along them unseen
    scale = torch.where(is_settled, 1 / determinant.clamp(min=1e-9), 0.0)
    limit = _FARTHEST_MOVE
    by_x = ((yy * towards_x - xy * towards_y) * scale).clamp(-limit, limit)[:, None, None, None]
    by_y = ((xx * towards_y - xy * towards_x) * scale).clamp(-limit, limit)[:, None, None, None]
    refined = (apart - by_x * along_x - by_y * along_y).square().mean((1, 2, 3))
    return refined.minimum(apart.square().mean((1, 2, 3)))


def _dot(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return (first * second).sum((1, 2, 3))
