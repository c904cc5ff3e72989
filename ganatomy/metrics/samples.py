"""What a generator makes, seen without any other image: its kind, its range, and whether it varies.

A generator that collapses makes near-identical images. By chance there are some as well, where
images differ in few ways: as many as the pairs foretell that are a little farther apart. So no real
images are needed to say it.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.metrics.neighbours import squared_distances
from ganatomy.results import validated
from ganatomy.statistics import share_interval
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, of_all, percent

NEAR = 0.1
"""Of the median distance of two images: such images are near-identical."""
NOT_SEEN = 2.0
"""Levels of 255, in root mean square: no eye sees a smaller difference, so it is none."""
_LEVELS = 127.5  # of images in [-1, 1]
_NUM_PAIRS = 4
_PICTURES = "pictures.safetensors"
_ABOUT = "samples.json"
_FIGURES = ("low", "high", "beyond", "apart", "num_images", "num_near", "num_expected")


@dataclass(frozen=True, eq=False)
class SamplesStudy:
    """The images of a generator, and what is seen in them.

    Attributes
    ----------
    shape : tuple of int
        Channels, height and width.
    low, high : float
        The smallest and the largest value; -1 is black and 1 is white.
    beyond : float
        Share of values outside [-1, 1].
    apart : float
        Root mean square difference of two images, the median over pairs, in levels of 255.
    num_images : int
    num_near : int
        Images that are near-identical to another one.
    num_expected : float
        Of images that vary without a gap, as `expected_near` foretells.
    shown : Tensor of shape (k, c, h, w), uint8
        The first images.
    pairs : Tensor of shape (p, 2, c, h, w), uint8
        The most alike images, of those that are near-identical; each image once.
    """

    shape: tuple[int, int, int]
    low: float
    high: float
    beyond: float
    apart: float
    num_images: int
    num_near: int
    num_expected: float
    shown: torch.Tensor
    pairs: torch.Tensor

    @property
    def is_collapsed(self) -> bool:
        """Whether more images are near-identical than chance gives, certainly so."""
        return self.interval[0] > share_interval(self.num_expected, self.num_images)[1]

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of the share that is near-identical (Clopper-Pearson 1934)."""
        return share_interval(self.num_near, self.num_images)

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in."""
        return {
            f"share_near_identical@{self.num_images}": self.num_near / self.num_images,
            "difference_of_two_images": self.apart,
            "share_beyond_range": self.beyond,
        }

    def verdict(self) -> str:
        """Say in a few sentences what is seen."""
        channels, height, width = self.shape
        said = (
            f"G makes images of {width} by {height} pixels with {counted(channels, 'channel')}. "
            f"{self.variety()}"
        )
        if self.beyond > 0:
            said += (
                f" {percent(self.beyond, 1)} of their values lie beyond black or white (-1 to 1): "
                f"they reach from {self.low:.3g} to {self.high:.3g}."
            )
        return said

    def variety(self) -> str:
        """Say whether more images are near-identical than chance gives."""
        near = of_all(self.num_near, self.num_images, "image")
        are = "is" if self.num_near == 1 else "are"
        low, high = (percent(each, 1) for each in self.interval)
        chance = f"by chance {round(self.num_expected) or 'none'} would be"
        if self.is_collapsed:
            return (
                f"They collapse: {near} {are} near-identical to another one ({low} to {high}), "
                f"{chance}."
            )
        return (
            f"No sign of collapse: {near} {are} near-identical to another one (at most {high}), "
            f"{chance}; two images differ by {self.apart:.3g} of 255 levels."
        )

    def save(self, folder: Path) -> None:
        """Write ``samples.json`` and the pictures."""
        write_tensors(folder / _PICTURES, {"shown": self.shown, "pairs": self.pairs})
        told: dict[str, Any] = {"shape": list(self.shape)}
        told |= {name: getattr(self, name) for name in _FIGURES}
        write_json(folder / _ABOUT, told)

    @staticmethod
    @validated
    def load(folder: Path) -> "SamplesStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        told, pictures = read_json(folder / _ABOUT), read_tensors(folder / _PICTURES)
        channels, height, width = told["shape"]
        figures: dict[str, Any] = {name: told[name] for name in _FIGURES}
        return SamplesStudy(
            (channels, height, width),
            shown=pictures["shown"],
            pairs=pictures["pairs"],
            **figures,
        )


def look_at_samples(images: torch.Tensor, *, num_shown: int = 32) -> SamplesStudy:
    """Look at generated images without any others.

    Two images are near-identical when their distance is at most `NEAR` of the median of all pairs,
    or not seen at all (`NOT_SEEN`).

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32
        In [-1, 1]; 500 are good.
    num_shown : int
        Images that are kept to be looked at.

    Raises
    ------
    InputError
        Fewer than ten images, or values that are not finite.

    Examples
    --------
    >>> images = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> look_at_samples(images).num_near, look_at_samples(images[:1].repeat(50, 1, 1, 1)).num_near
    (0, 50)
    """
    if len(images) < 10:
        raise InputError(f"{len(images)} images", "images", "Give ten or more.")
    if not bool(images.isfinite().all()):
        raise InputError("images that are not finite", "images", "See what G's weights are.")
    images = images.detach().cpu()
    distances = _distances(images.flatten(1)) / images[0].numel() ** 0.5 * _LEVELS
    apart = float(distances[distances.isfinite()].median())
    near = max(NEAR * apart, NOT_SEEN)
    return SamplesStudy(
        (images.shape[1], images.shape[2], images.shape[3]),
        float(images.min()),
        float(images.max()),
        float((images.abs() > 1).double().mean()),
        apart,
        len(images),
        int((distances.amin(1) <= near).sum()),
        expected_near(distances, near),
        to_uint8(images[:num_shown]),
        to_uint8(images[_pairs(distances, near)].reshape(-1, 2, *images.shape[1:])),
    )


def expected_near(distances: torch.Tensor, near: float) -> float:
    """Foretell how many of n points have another one within a distance, by those beyond it.

    Where points lie without a gap, the pairs within r grow like a power of r (Grassberger and
    Procaccia 1983). The power is read off the pairs from `near` to twice and from twice to four
    times as far, and followed inwards. Where there are fewer of the latter, or none, points lie in
    heaps: then none is foretold.

    Parameters
    ----------
    distances : Tensor of shape (n, n)
    near : float

    Examples
    --------
    >>> points = torch.arange(100.0) / 100
    >>> round(expected_near((points[:, None] - points).abs().fill_diagonal_(torch.inf), 0.05))
    99
    """
    nearer, farther = (
        int(((distances > start * near) & (distances <= 2 * start * near)).sum())
        for start in (1, 2)
    )
    if farther <= nearer:
        return 0.0
    of_each = nearer / (farther / nearer - 1) / len(distances) if nearer else 0.0
    return len(distances) * -math.expm1(-of_each)


def _distances(rows: torch.Tensor) -> torch.Tensor:
    """Euclidean distances of rows from each other, infinite from themselves."""
    centred = rows.double() - rows.double().mean(0)
    distances = squared_distances(centred, centred).sqrt()
    return distances.fill_diagonal_(torch.inf)


def _pairs(distances: torch.Tensor, near: float) -> torch.Tensor:
    """Places of the most alike images, two by two, no image twice."""
    left, found = distances.clone(), []
    for _ in range(_NUM_PAIRS):
        first, second = divmod(int(left.argmin()), len(left))
        if not float(left[first, second]) <= near:
            break
        found += [first, second]
        left[[first, second]] = left[:, [first, second]] = torch.inf
    return torch.tensor(found, dtype=torch.int64)
