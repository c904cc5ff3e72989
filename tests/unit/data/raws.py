"""Raw data for preparation, made by hand, and what comes out of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data.choices import Background, Channels, Fit, Size, Window
from ganatomy.data.prepare import Prepared, prepare
from ganatomy.data.reading import Limits
from ganatomy.data.sources import UNSPLIT, Raw


def run_prepare(
    raw: Raw,
    image_size: Size = 28,
    channels: Channels = 0,
    test_fraction: float = 0.5,
    min_images: int = 2,
    max_pixels: int = 10_000,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    fit: Fit = "crop",
    window: Window = "auto",
    background: Background = "auto",
    duplicates: str = "keep",
) -> Prepared:
    limits = Limits(max_pixels)
    return prepare(
        raw,
        image_size,
        channels,
        test_fraction=test_fraction,
        min_images=min_images,
        limits=limits,
        seed=seed,
        progress=progress,
        fit=fit,
        window=window,
        background=background,
        duplicates=duplicates,
    )


def raw_arrays(
    images: torch.Tensor, labels: torch.Tensor | None = None, split: int = UNSPLIT
) -> Raw:
    labels = torch.zeros(len(images), dtype=torch.int64) if labels is None else labels
    names = tuple(f"class {k}" for k in range(int(labels.max()) + 1))
    return Raw(images, labels, torch.full_like(labels, split), names, (), "test")


def numbered(count: int, size: int = 28, channels: int = 1) -> torch.Tensor:
    """Images that can be told apart: the first pixels spell the position."""
    images = torch.zeros(count, channels, size, size, dtype=torch.uint8)
    images[:, :, 0, 0] = (torch.arange(count) // 256).to(torch.uint8)[:, None]
    images[:, :, 0, 1] = (torch.arange(count) % 256).to(torch.uint8)[:, None]
    return images


def numbers(images: torch.Tensor) -> list[int]:
    return (images[:, 0, 0, 0].int() * 256 + images[:, 0, 0, 1].int()).tolist()


def raw_files(*paths: Path, labels: list[int] | None = None) -> Raw:
    given = torch.tensor(labels or [-1] * len(paths))
    names = tuple(f"class {k}" for k in range(int(given.max()) + 1))
    return Raw(None, given, torch.full_like(given, UNSPLIT), names, paths, "test")


def both(prepared: Prepared) -> torch.Tensor:
    return torch.cat([prepared.train.images, prepared.test.images])


def read_back(path: Path, size: int = 28, channels: int = 3) -> NDArray[np.uint8]:
    """One file, as it comes out of preparation, of shape (size, size, channels)."""
    images = both(run_prepare(raw_files(path, path), size, channels))
    assert torch.equal(images[0], images[1])
    pixels: NDArray[np.uint8] = images[0].permute(1, 2, 0).numpy()
    return pixels


def save(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path
