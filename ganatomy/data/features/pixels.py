"""The images of a data set, read as floats a chunk at a time where they are to be changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch

from ganatomy.data.images import to_float

CHUNK = 2048


@dataclass(frozen=True)
class Pixels:
    """Images that may be too many to be held as floats all at once.

    Attributes
    ----------
    images : Tensor of shape (n, c, h, w), uint8 or float32 in [-1, 1]
    chunk : int
        How many are read at a time.
    """

    images: torch.Tensor
    chunk: int = CHUNK

    def __len__(self) -> int:
        return len(self.images)

    def slices(self) -> Iterator[slice]:
        """Yield the places of each chunk."""
        for start in range(0, len(self), self.chunk):
            yield slice(start, min(start + self.chunk, len(self)))

    def read(self, places: slice | torch.Tensor) -> torch.Tensor:
        """Read those images as float32 in [-1, 1]."""
        part = self.images[places]
        return to_float(part) if part.dtype == torch.uint8 else part

    @cached_property
    def mean_image(self) -> torch.Tensor:
        """Average the images: Tensor of shape (c, h, w), float32 in [-1, 1].

        Bytes are summed as integers, so that neither order nor chunk nor device move a bit.
        """
        whole = self.images.dtype == torch.uint8
        total = torch.zeros(
            self.images.shape[1:],
            dtype=torch.int64 if whole else torch.float64,
            device=self.images.device,
        )
        for places in self.slices():
            total += self.images[places].sum(0, dtype=total.dtype)
        mean = total.double() / len(self)
        return (mean / 127.5 - 1.0 if whole else mean).float()
