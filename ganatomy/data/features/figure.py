"""What is figure in an image and what is ground: the one place that decides it.

Ground is what looks like the image's border. A pixel belongs to the figure where it differs from
the border's median colour by more than Otsu's threshold (1979, IEEE Transactions on Systems, Man
and Cybernetics 9:62-66) of that image's differences, and by a 32nd of the range at the least: so it
does not matter which of the two is the brighter one, and an image without contrast has no figure.
"""

import torch

_BINS = 32
FLAT = 2 / _BINS
"""A bin's width, of the differences' [0, 2]: no less is a difference."""


def figure(images: torch.Tensor) -> torch.Tensor:
    """Return the mask of the figure's pixels, Tensor of shape (n, 1, h, w), bool.

    Examples
    --------
    >>> images = torch.ones(1, 1, 5, 5)
    >>> images[..., 1:4, 2] = -1.0
    >>> figure(images).sum().item()
    3
    """
    difference = border_difference(images)
    return difference > otsu_threshold(difference)


def border_difference(images: torch.Tensor) -> torch.Tensor:
    """Return how far each pixel is from the border's colour: shape (n, 1, h, w), in [0, 2]."""
    return (images - border_colour(images)).abs().amax(1, keepdim=True)


def border_colour(images: torch.Tensor) -> torch.Tensor:
    """Return the median of each channel over the outermost pixels: shape (n, c, 1, 1)."""
    rows, columns = images[..., [0, -1], :], images[..., 1:-1, [0, -1]]
    return torch.cat([rows.flatten(2), columns.flatten(2)], 2).median(2).values[..., None, None]


def otsu_threshold(difference: torch.Tensor) -> torch.Tensor:
    """Return the threshold of each image that parts its values in [0, 2]: shape (n, 1, 1, 1)."""
    return _otsu(difference.flatten(1) / 2).view(-1, 1, 1, 1) * 2


def _otsu(values: torch.Tensor) -> torch.Tensor:
    """The threshold of each row of (n, k) values in [0, 1] that parts it into the two classes
    with the largest variance between them; at least one bin."""
    bins = (values * _BINS).long().clamp(0, _BINS - 1)
    rows = torch.arange(len(bins), device=bins.device).unsqueeze(1) * _BINS
    counts = torch.bincount((bins + rows).flatten(), minlength=len(bins) * _BINS)
    counts = counts.view(-1, _BINS)  # integers: exact sums
    below = counts.cumsum(1)
    moment = (counts * torch.arange(_BINS, device=values.device)).cumsum(1)
    n, total = below[:, -1:], moment[:, -1:]
    spread = (total * below - moment * n).double().square()
    between = spread / (below * (n - below)).clamp(min=1)
    return (between.argmax(1) + 1).to(values.dtype) / _BINS
