"""How maps are made, as params.yaml says."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from tasks.shared.layout import PREPARED

_POOL = 1000  # training images that the mean and the marginal baseline are made of


def pool() -> torch.Tensor:
    """The images that stand in for "other images", float32 in [-1, 1]."""
    return to_float(Dataset.load(PREPARED, "train", mapped=True).images[:_POOL])
