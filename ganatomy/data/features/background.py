"""What lies outside the object."""

import torch
from torch.nn import functional

from ganatomy.data.features.content import ContentFeature
from ganatomy.data.features.figure import (
    FLAT,
    border_colour,
    border_difference,
    otsu_threshold,
)
from ganatomy.data.features.pixels import Pixels

_FLAT_FROM = 0.9  # share of the background that is like the border, if it is flat


class Background(ContentFeature):
    """Pixels that look like the image's border; measured as their mean brightness.

    The object is the figure (see `figure`), or all that differs from the border's colour where the
    background is flat, and what is next to it.
    """

    def __init__(self) -> None:
        super().__init__(
            "background",
            "background",
            "mean of [-1, 1]",
            remove="what lies outside the object gets the median colour of all backgrounds",
            permute="every image's object stands before the background of another image",
            noise="what lies outside the object becomes uniform noise",
        )

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return _mean_colour(images, outside(images)).mean((1, 2, 3))

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        read = (pixels.read(places) for places in pixels.slices())
        colours = torch.cat([_mean_colour(images, outside(images)) for images in read])
        return colours.median(0).values

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return torch.where(outside(images), neutral, images)

    def exchanged(self, images: torch.Tensor, donors: torch.Tensor) -> torch.Tensor:
        behind = outside(donors)  # where a donor's object stood its mean colour shows
        scene = torch.where(behind, donors, _mean_colour(donors, behind))
        return torch.where(outside(images), scene, images)

    def randomised(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return torch.where(outside(images), noise, images)


def outside(images: torch.Tensor) -> torch.Tensor:
    """Return the mask of background pixels, Tensor of shape (n, 1, h, w), bool."""
    difference = border_difference(images)
    threshold = otsu_threshold(difference)
    like_border = (difference <= FLAT).sum((2, 3), keepdim=True)
    # before a flat background the faintest pixel belongs to the object
    is_flat = like_border >= _FLAT_FROM * (difference <= threshold).sum((2, 3), keepdim=True)
    foreground = (difference > torch.where(is_flat, FLAT, threshold)).to(images.dtype)
    margin = max(1, round(min(images.shape[-2:]) / 14))
    near = functional.max_pool2d(foreground, (2 * margin + 1, 1), 1, (margin, 0))
    return functional.max_pool2d(near, (1, 2 * margin + 1), 1, (0, margin)) == 0


def _mean_colour(images: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """The mean of each channel there, or the border's colour if that is nowhere: (n, c, 1, 1)."""
    colour = border_colour(images)
    count = where.sum((2, 3), keepdim=True)
    # around the border's colour, so that a flat background gives exactly that
    return colour + ((images - colour) * where).sum((2, 3), keepdim=True) / count.clamp(min=1)
