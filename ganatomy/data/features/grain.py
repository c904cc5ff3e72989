"""Pixel noise: less of it, another image's, or more."""

import math

import torch
from torch.nn import functional

from ganatomy.data.features.content import Component

_ADDED = 0.2  # standard deviation, of [-1, 1]: a tenth of the range from black to white


class Noise(Component):
    """The deviation of pixels from the median of their neighbourhood.

    Measured by Immerkaer's estimate of the standard deviation of white noise (1996, Computer
    Vision and Image Understanding 64:300-302), which straight edges do not disturb.
    """

    def __init__(self) -> None:
        super().__init__(
            "noise",
            "noise",
            "standard deviation of [-1, 1]",
            remove="every pixel becomes the median of itself and its eight neighbours",
            permute="every image gets the pixel noise of another image",
            noise="Gaussian noise is added whose standard deviation is a tenth of the range",
        )

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        across = images[..., 2:] - 2 * images[..., 1:-1] + images[..., :-2]
        response = across[..., 2:, :] - 2 * across[..., 1:-1, :] + across[..., :-2, :]
        return math.sqrt(math.pi / 2) / 6 * response.abs().mean((1, 2, 3))

    def rest(self, images: torch.Tensor) -> torch.Tensor:
        # a median takes nine copies of an image: few images at a time
        return torch.cat([_median(part) for part in images.split(256)])

    def randomised(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        normal = math.sqrt(2) * torch.erfinv(noise).clamp(-4, 4)
        return images + _ADDED * normal


def _median(images: torch.Tensor) -> torch.Tensor:
    height, width = images.shape[-2:]
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    shifted = [
        padded[..., row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    ]
    return torch.stack(shifted).median(0).values
