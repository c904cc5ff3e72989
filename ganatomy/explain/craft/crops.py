"""What people are shown of a concept: the places of images that have most of it."""

from dataclasses import dataclass

import torch

_CELLS = 3  # of the layer's raster, that a crop is wide
_SHARE = 4  # of the image's side it is at least one in


@dataclass(frozen=True, eq=False)
class Shown:
    """Crops, the images that the first are of, and where in them the concept is.

    Attributes
    ----------
    crops : Tensor of shape (k, m, c, s, s), uint8
    examples : Tensor of shape (k, e, c, h, w), uint8
    maps : Tensor of shape (k, e, h', w'), float32
    """

    crops: torch.Tensor
    examples: torch.Tensor
    maps: torch.Tensor


def shown_of(
    images: torch.Tensor, amounts: torch.Tensor, num_crops: int, num_examples: int
) -> Shown:
    """Choose for each concept the images whose strongest place has most of it.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
    amounts : Tensor of shape (n, k, h', w')
    num_crops, num_examples : int
        At most so many; the same for every concept.
    """
    crops, examples, maps = [], [], []
    for own in amounts.unbind(1):
        most, places = own.flatten(1).max(1)
        first = most.argsort(descending=True, stable=True)[:num_crops]
        crops.append(torch.stack([_crop(images[k], own.shape[1:], int(places[k])) for k in first]))
        examples.append(images[first[:num_examples]])
        maps.append(own[first[:num_examples]] / most.max().clamp(min=1e-12))
    return Shown(torch.stack(crops), torch.stack(examples), torch.stack(maps).float())


def _crop(image: torch.Tensor, raster: torch.Size, place: int) -> torch.Tensor:
    """The square around the middle of a cell of the raster, moved into the image at its edges."""
    height, width = image.shape[1:]
    side = max(_CELLS * -(-height // raster[0]), -(-height // _SHARE))
    side = min(side, height, width)
    row, column = divmod(place, raster[1])
    top = _start((row + 0.5) * height / raster[0], side, height)
    left = _start((column + 0.5) * width / raster[1], side, width)
    return image[:, top : top + side, left : left + side]


def _start(middle: float, side: int, size: int) -> int:
    return int(min(max(0, round(middle - side / 2)), size - side))
