"""What can be measured in an image: every feature of the data that needs its pixels alone."""

from collections.abc import Callable

import torch

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.features.feature import Feature
from ganatomy.data.features.geometry import Position
from ganatomy.data.features.registry import known
from ganatomy.data.images import to_uint8
from ganatomy.data.recipe import GRID
from ganatomy.explain.units.dissection import Reader
from ganatomy.wording import counted

PLACES = ("position_across", "position_down")
"""Position is two numbers here: its distance from the middle rises on either side."""
_CIRCULAR = ("hue",)  # 359 and 1 degrees are neighbours: no slope tells that
_CONSTANT = 1e-6  # of the largest reading


def feature_readers(
    images: torch.Tensor, *, on_warning: Callable[[str], None] = lambda text: None
) -> dict[str, Reader]:
    """Return a reader for each feature that differs among images, by its name.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    on_warning : callable
        Told of features that images of this kind do not have.

    Returns
    -------
    dict of str to callable
        Images to Tensor of shape (n,); of regions last. Position is read as `PLACES`.
    """
    labels = torch.full((2,), UNLABELLED)
    grid = min(GRID, *images.shape[-2:])
    features = known(Dataset(to_uint8(images[:2]), labels), grid).values()
    measured = {each.name: each.measure for each in features if isinstance(each, Feature)}
    of_regions = {each.name for each in features if each.kind == "region"}
    whole = measured.keys() - of_regions - {"position", *_CIRCULAR}
    readers: dict[str, Reader] = {name: each for name, each in measured.items() if name in whole}
    readers |= {name: _place(axis) for axis, name in enumerate(PLACES)}
    readers |= {name: each for name, each in measured.items() if name in of_regions}
    return {name: each for name, each in readers.items() if _varies(name, each, images, on_warning)}


def _place(axis: int) -> Reader:
    return lambda images: Position().values(images)[:, axis]


def _varies(
    name: str, reader: Reader, images: torch.Tensor, on_warning: Callable[[str], None]
) -> bool:
    try:
        readings = reader(images)
    except (ValueError, RuntimeError, IndexError):
        channels, height, width = images.shape[1:]
        kind = f"{counted(channels, 'channel')}, {height} x {width}"
        on_warning(f"{name} is not read: it is not made for images of {kind}")
        return False
    finite = readings[readings.isfinite()]
    return len(finite) > 1 and bool(finite.std() > _CONSTANT * finite.abs().max())


def read(readers: dict[str, Reader], images: torch.Tensor) -> torch.Tensor:
    """Read every concept of every image, shape (concepts, n), float64."""
    return torch.stack([reader(images).double() for reader in readers.values()])
