"""How maps are made, as params.yaml says."""

from collections.abc import Callable
from pathlib import Path

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.regions import MaskRegion
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.segments import default_side, from_masks, grid, quickshift, slic
from tasks.layout import PREPARED
from tasks.params.lime import Lime

_POOL = 1000  # training images that the mean and the marginal baseline are made of


def pool() -> torch.Tensor:
    """The images that stand in for "other images", float32 in [-1, 1]."""
    return to_float(Dataset.load(PREPARED, "train", mapped=True).images[:_POOL])


def segments_of(params: Lime, images: torch.Tensor) -> torch.Tensor:
    """Segments of images of shape (n, c, h, w); (h, w) or (n, h, w)."""
    height, width = images.shape[-2:]
    if params.segments == "slic":
        return slic(images, params.num_segments)
    if params.segments == "quickshift":
        return quickshift(images)
    if params.segments == "masks" and not params.masks:
        raise InputError("no masks are named", "lime.masks", "Name image files, or use a grid.")
    if params.segments == "masks":
        regions = [MaskRegion(Path(path), height) for path in params.masks]
        return from_masks(torch.stack([region.inside(height) for region in regions]))
    return grid(height, width, window(params, height))


def filler(params: Lime, others: torch.Tensor, seed: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Images to what hides them, (n, m, c, h, w)."""

    def fills(images: torch.Tensor) -> torch.Tensor:
        return baselines(params.baseline, images, others, seed, segments_of(params, images))

    return fills


def window(params: Lime, size: int) -> int:
    """The side of occlusion's windows, pixels: that of LIME's squares."""
    return params.segment_side or default_side(size)
