"""What can be measured in an image: every concept that needs its pixels alone."""

from collections.abc import Callable

import torch

from ganatomy.explain.rules.concept import Reader
from ganatomy.explain.rules.measuring import Concepts


def feature_readers(
    images: torch.Tensor, *, on_warning: Callable[[str], None] = lambda text: None
) -> dict[str, Reader]:
    """Return a reader for each concept that differs among images, by its name.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    on_warning : callable
        Told of concepts that images of this kind do not have.

    Returns
    -------
    dict of str to callable
        Images to Tensor of shape (n,); of regions last.
    """
    return Concepts.on(images, on_warning=on_warning).readers()


def read(readers: dict[str, Reader], images: torch.Tensor) -> torch.Tensor:
    """Read every concept of every image, shape (concepts, n), float64."""
    return torch.stack([reader(images).double() for reader in readers.values()])
