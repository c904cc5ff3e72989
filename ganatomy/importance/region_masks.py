"""Where the regions of an image lie, to be drawn over what images look like on average."""

from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.tensors import read_tensors, write_tensors

_FILE = "regions.safetensors"
_INSIDE = "inside/"


@dataclass(frozen=True)
class RegionMasks:
    """Regions and the mean image that they lie in.

    Attributes
    ----------
    mean_image : Tensor of shape (c, s, s), float64 in [0, 255]
    inside : dict of str to Tensor of shape (s, s), bool
        The pixels of each region, by its name.
    """

    mean_image: torch.Tensor
    inside: dict[str, torch.Tensor]

    def save(self, folder: Path) -> None:
        """Write ``regions.safetensors``."""
        named = {f"{_INSIDE}{name}": inside for name, inside in self.inside.items()}
        write_tensors(folder / _FILE, {"mean_image": self.mean_image, **named})

    @staticmethod
    def load(folder: Path) -> "RegionMasks":
        """Read what `save` wrote; `InputError` where it is missing or damaged."""
        tensors = read_tensors(folder / _FILE)
        mean_image = tensors.pop("mean_image")
        return RegionMasks(
            mean_image, {name.removeprefix(_INSIDE): inside for name, inside in tensors.items()}
        )
