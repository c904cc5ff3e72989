"""Where the regions lie that were changed in a data set."""

from collections.abc import Collection

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Region, known
from ganatomy.data.recipe import Regions
from ganatomy.importance.region_masks import RegionMasks


def region_masks(train: Dataset, regions: Regions, names: Collection[str]) -> RegionMasks:
    """Find the regions among these names of features.

    Examples
    --------
    >>> import torch
    >>> images = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    >>> data = Dataset(images, torch.zeros(3, dtype=torch.int64))
    >>> masks = region_masks(data, Regions(grid=2), ["contrast", "cell_1_0"])
    >>> {name: int(inside.sum()) for name, inside in masks.inside.items()}
    {'cell_1_0': 16}
    """
    height, width = train.images.shape[-2:]
    there = known(train, regions.grid, regions.masks)
    return RegionMasks(
        train.images.double().mean(0),
        {
            name: feature.mask((height, width))
            for name, feature in there.items()
            if isinstance(feature, Region) and name in names
        },
    )
