"""Images whose features are known because they were drawn with them."""

import colorsys
import math

import numpy as np
import torch
from scipy import ndimage

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Feature, known
from ganatomy.data.images import to_uint8

SIDE = 32


def feature(name: str, images: torch.Tensor) -> Feature:
    """One of the features of these images, float32 in [-1, 1]."""
    found = known(Dataset(to_uint8(images), torch.zeros(len(images), dtype=torch.int64)))[name]
    assert isinstance(found, Feature)
    return found


def bars(degrees: list[float]) -> torch.Tensor:
    """A smooth bar through the middle of each image, so many degrees from upright."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    images = []
    for angle in np.deg2rad(degrees):
        along = x * math.sin(angle) + y * math.cos(angle)
        across = x * math.cos(angle) - y * math.sin(angle)
        images.append(np.exp(-0.5 * ((along / 5) ** 2 + (across / 1.2) ** 2)))
    return _images(images)


def blobs(radii: list[float], centres: list[tuple[float, float]] | None = None) -> torch.Tensor:
    """Smooth round spots; the radius is a standard deviation, centres are from the middle."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    centres = centres or [(0.0, 0.0)] * len(radii)
    squares = [(x - x0) ** 2 + (y - y0) ** 2 for x0, y0 in centres]
    return _images([np.exp(-0.5 * d / r**2) for d, r in zip(squares, radii)])


def discs(radii: list[float]) -> torch.Tensor:
    """White discs on black in the middle."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    return _images([(np.hypot(x, y) <= r).astype(float) for r in radii])


def strips(widths: list[int]) -> torch.Tensor:
    """White bars of 20 pixels' height and these widths, on black."""
    images = np.zeros((len(widths), SIDE, SIDE))
    for image, width in zip(images, widths):
        image[6:26, 4 : 4 + width] = 1
    return _images(list(images))


def coloured(turns: list[float], saturation: float = 0.5) -> torch.Tensor:
    """Discs of one hue each, before black."""
    disc = (discs([9.0] * len(turns)) + 1) / 2
    colours = [colorsys.hsv_to_rgb(turn % 1, saturation, 0.8) for turn in turns]
    return disc * torch.tensor(colours).float().view(-1, 3, 1, 1) * 2 - 1


def smooth(count: int, channels: int = 1, low: float = -0.6, high: float = 0.6) -> torch.Tensor:
    """Random smooth images, each with a brightness and a contrast of its own, far from clipping."""
    draw = np.random.default_rng(0)
    base = ndimage.gaussian_filter(draw.normal(size=(count, channels, SIDE, SIDE)), (0, 0, 1, 1))
    base /= np.abs(base).max((1, 2, 3), keepdims=True)
    middle = draw.uniform(low / 2, high / 2, (count, 1, 1, 1))
    width = draw.uniform(0.1, (high - low) / 4, (count, 1, 1, 1))
    return torch.from_numpy(middle + width * base).float()


def _images(levels: list[np.ndarray]) -> torch.Tensor:  # type: ignore[type-arg]
    return torch.from_numpy(np.stack(levels)).float().unsqueeze(1) * 2 - 1
