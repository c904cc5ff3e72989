"""Three bands of spatial frequencies, parted by a narrow and a wide Gaussian blur.

An image is the sum of what the wide blur keeps (low), what only the narrow one keeps (middle) and
what neither keeps (high). Their widths grow with the image: sigma = side / 28 and side / 7.
"""

import torch
from torch.nn import functional

from ganatomy.data.features.content import Component
from ganatomy.data.features.pixels import Pixels


class HighFrequencies(Component):
    """What a narrow blur takes away."""

    def __init__(self) -> None:
        super().__init__(
            "blur",
            "frequency",
            "standard deviation of [-1, 1]",
            remove="high spatial frequencies are removed by a Gaussian blur",
            permute="every image gets the high spatial frequencies of another image",
            noise="high spatial frequencies are replaced by noise of the same strength",
        )

    def rest(self, images: torch.Tensor) -> torch.Tensor:
        return gaussian_blur(images, sigma=images.shape[-1] / 28)


class MiddleFrequencies(Component):
    """What a narrow blur keeps and a wide one does not."""

    def __init__(self) -> None:
        super().__init__(
            "mid_frequencies",
            "frequency",
            "standard deviation of [-1, 1]",
            remove="what a narrow Gaussian blur keeps and a wide one does not is removed",
            permute="every image gets the middle spatial frequencies of another image",
            noise="middle spatial frequencies are replaced by noise of the same strength",
        )

    def rest(self, images: torch.Tensor) -> torch.Tensor:
        side = images.shape[-1]
        return images - gaussian_blur(images, side / 28) + gaussian_blur(images, side / 7)


class LowFrequencies(Component):
    """What a wide blur keeps; its place takes the data's mean."""

    def __init__(self) -> None:
        super().__init__(
            "low_frequencies",
            "frequency",
            "standard deviation of [-1, 1]",
            remove="what a wide Gaussian blur would keep is removed",
            permute="every image gets the low spatial frequencies of another image",
            noise="low spatial frequencies are replaced by noise of the same strength",
        )

    def rest(self, images: torch.Tensor) -> torch.Tensor:
        return images - gaussian_blur(images, sigma=images.shape[-1] / 7)

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        return pixels.mean_image.mean()

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return self.rest(images) + neutral

    def randomised(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        mean = (images - self.rest(images)).mean((1, 2, 3), keepdim=True)
        return super().randomised(images, noise) + mean


def gaussian_blur(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """Every channel blurred by a Gaussian of `sigma` pixels; reflects at the edges."""
    radius = max(1, round(3 * sigma))
    radius = min(radius, images.shape[-1] - 1)
    offsets = torch.arange(-radius, radius + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).repeat(images.shape[1], 1)
    padded = functional.pad(images, (radius, radius, radius, radius), mode="reflect")
    groups = images.shape[1]
    rows = functional.conv2d(padded, kernel[:, None, :, None], groups=groups)
    return functional.conv2d(rows, kernel[:, None, None, :], groups=groups)
