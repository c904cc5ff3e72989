"""What lies outside the object."""

import torch
from torch.nn import functional

from ganatomy.data.features.content import ContentFeature
from ganatomy.data.features.pixels import Pixels

_BINS = 32
_FLAT = 0.9  # share of the background that is like the border, if it is flat


class Background(ContentFeature):
    """Pixels that look like the image's border; measured as their mean brightness.

    The object is what differs from the border's median colour by more than Otsu's threshold (1979,
    IEEE Transactions on Systems, Man and Cybernetics 9:62-66) of that image, or at all where the
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
    difference = (images - _border_colour(images)).abs().amax(1, keepdim=True)
    flat = 2 / _BINS  # a bin's width, of the differences' [0, 2]
    threshold = _otsu(difference.flatten(1) / 2).view(-1, 1, 1, 1) * 2
    like_border = (difference <= flat).sum((2, 3), keepdim=True)
    # before a flat background the faintest pixel belongs to the object
    is_flat = like_border >= _FLAT * (difference <= threshold).sum((2, 3), keepdim=True)
    foreground = (difference > torch.where(is_flat, flat, threshold)).to(images.dtype)
    margin = max(1, round(min(images.shape[-2:]) / 14))
    return functional.max_pool2d(foreground, 2 * margin + 1, stride=1, padding=margin) == 0


def _border_colour(images: torch.Tensor) -> torch.Tensor:
    """The median of each channel over the outermost pixels: shape (n, c, 1, 1)."""
    rows, columns = images[..., [0, -1], :], images[..., 1:-1, [0, -1]]
    return torch.cat([rows.flatten(2), columns.flatten(2)], 2).median(2).values[..., None, None]


def _mean_colour(images: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """The mean of each channel there, or the border's colour if that is nowhere: (n, c, 1, 1)."""
    colour = _border_colour(images)
    count = where.sum((2, 3), keepdim=True)
    # around the border's colour, so that a flat background gives exactly that
    return colour + ((images - colour) * where).sum((2, 3), keepdim=True) / count.clamp(min=1)


def _otsu(values: torch.Tensor) -> torch.Tensor:
    """The threshold of each row of (n, k) values in [0, 1] that parts it into the two classes
    with the largest variance between them; at least one bin."""
    bins = (values * _BINS).long().clamp(0, _BINS - 1)
    counts = torch.stack([(bins == k).sum(1) for k in range(_BINS)], 1)  # integers: exact sums
    below = counts.cumsum(1)
    moment = (counts * torch.arange(_BINS, device=values.device)).cumsum(1)
    n, total = below[:, -1:], moment[:, -1:]
    spread = (total * below - moment * n).double().square()
    between = spread / (below * (n - below)).clamp(min=1)
    return (between.argmax(1) + 1).to(values.dtype) / _BINS
