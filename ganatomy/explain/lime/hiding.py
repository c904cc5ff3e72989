"""What `Hiding` says, done to images: their segments, and what stands in the place of a segment."""

from pathlib import Path

import torch

from ganatomy.data.features.regions import MaskRegion
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.segments import default_side, from_masks, grid, quickshift, slic
from ganatomy.explain.lime.settings import Hiding


def segments_of(hiding: Hiding, images: torch.Tensor) -> torch.Tensor:
    """Divide images into segments.

    Parameters
    ----------
    hiding : Hiding
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]

    Returns
    -------
    LongTensor of shape (h, w) or (n, h, w)

    Raises
    ------
    InputError
        A mask that cannot be read, is empty or overlaps another.

    Examples
    --------
    >>> segments_of(Hiding(segment_side=2), torch.zeros(1, 1, 4, 4))
    tensor([[0, 0, 1, 1],
            [0, 0, 1, 1],
            [2, 2, 3, 3],
            [2, 2, 3, 3]])
    """
    height, width = images.shape[-2:]
    if hiding.segments == "slic":
        return slic(images, hiding.num_segments)
    if hiding.segments == "quickshift":
        return quickshift(images)
    if hiding.segments == "masks":
        regions = [MaskRegion(Path(path), (height, width)) for path in hiding.masks]
        return from_masks(torch.stack([region.mask((height, width)) for region in regions]))
    return grid(height, width, square_side(hiding, max(height, width)))


def fills_of(
    hiding: Hiding, images: torch.Tensor, pool: torch.Tensor | None = None, *, seed: int = 0
) -> torch.Tensor:
    """Make what hides the segments of each image.

    Parameters
    ----------
    hiding : Hiding
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    pool : Tensor of shape (k, c, h, w), optional
        Other images, for the baselines ``mean`` and ``marginal``.
    seed : int
        Of ``marginal``.

    Returns
    -------
    Tensor of shape (n, m, c, h, w)
        As of `baselines.baselines`.

    Raises
    ------
    InputError
        Which baseline hides is not settled; and those of `baselines.baselines`.

    Examples
    --------
    >>> fills_of(Hiding(baseline="black"), torch.zeros(3, 1, 8, 8)).unique()
    tensor([-1.])
    """
    return baselines(hiding.baseline, images, pool, seed=seed, segments=segments_of(hiding, images))


def square_side(hiding: Hiding, size: int) -> int:
    """Give the side of the squares, in pixels, for images whose longer side is `size` pixels.

    Examples
    --------
    >>> square_side(Hiding(), 28)
    4
    """
    return hiding.segment_side or default_side(size)
