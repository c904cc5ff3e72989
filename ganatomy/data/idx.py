"""The IDX format of the MNIST family (http://yann.lecun.com/exdb/mnist/), plain or gzipped."""

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch

from ganatomy.errors import InputError

_UINT8 = 0x08


def find_idx(name: str, folders: list[Path]) -> Path | None:
    """Find the first of ``folder/name`` and ``folder/name.gz`` that exists."""
    for folder in folders:
        for candidate in (folder / name, folder / f"{name}.gz"):
            if candidate.is_file():
                return candidate
    return None


def read_idx(path: Path) -> torch.Tensor:
    """Read one IDX file of unsigned bytes.

    Raises
    ------
    InputError
        The file is truncated or holds something else.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            content = file.read()
        if content[:2] != b"\x00\x00" or content[2] != _UINT8:
            raise ValueError("no IDX header of unsigned bytes")
        dimensions = content[3]
        header = 4 + 4 * dimensions
        shape = np.frombuffer(content, dtype=">u4", count=dimensions, offset=4).astype(int)
        values = np.frombuffer(content, dtype=np.uint8, offset=header)
        return torch.from_numpy(values.reshape(shape).copy())
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise InputError(
            f"not a whole IDX file ({error})", str(path), "Replace it with an intact copy."
        ) from None
