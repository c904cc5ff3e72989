"""Three bands of spatial frequencies, parted by a narrow and a wide Gaussian blur.

An image is the sum of what the wide blur keeps (low), what only the narrow one keeps (middle) and
what neither keeps (high). Their widths grow with the image: sigma = side / 28 and side / 7.
"""

from abc import abstractmethod

import torch

from ganatomy.blur import blur_matrix, gaussian_blur
from ganatomy.data.features.content import Component
from ganatomy.data.features.pixels import Pixels


class _Band(Component):
    """A band, which is measured more quickly than it is changed, to the same but for rounding."""

    @abstractmethod
    def band(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images less their `rest`."""

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return self.band(images).std((1, 2, 3), correction=0)


class HighFrequencies(_Band):
    """High frequencies: what a narrow blur takes away."""

    measured_as = "high_frequencies"

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
        return _blurred(images, 28)

    def band(self, images: torch.Tensor) -> torch.Tensor:
        return images - _quickly_blurred(images, 28)


class MiddleFrequencies(_Band):
    """Middle frequencies: what a narrow blur keeps and a wide one does not."""

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
        return images - _blurred(images, 28) + _blurred(images, 7)

    def band(self, images: torch.Tensor) -> torch.Tensor:
        return _quickly_blurred(images, 28) - _quickly_blurred(images, 7)


class LowFrequencies(_Band):
    """Low frequencies: what a wide blur keeps; the data's mean takes their place."""

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
        return images - _blurred(images, 7)

    def band(self, images: torch.Tensor) -> torch.Tensor:
        return _quickly_blurred(images, 7)

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        return pixels.mean_image.mean()

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return self.rest(images) + neutral

    def randomised(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        mean = (images - self.rest(images)).mean((1, 2, 3), keepdim=True)
        return super().randomised(images, noise) + mean


def _blurred(images: torch.Tensor, share: int) -> torch.Tensor:
    """Blur by a Gaussian of the shorter side over `share`, which ends at three sigmas."""
    sigma, reach = _width(images, share)
    return gaussian_blur(images, (sigma, sigma), (reach, reach), edges="reflect")


def _quickly_blurred(images: torch.Tensor, share: int) -> torch.Tensor:
    sigma, reach = _width(images, share)
    down, across = (
        blur_matrix(size, sigma, reach, edges="reflect", like=images) for size in images.shape[-2:]
    )
    return down @ images @ across.T


def _width(images: torch.Tensor, share: int) -> tuple[float, int]:
    side = min(images.shape[-2:])
    sigma = side / share
    return sigma, min(max(1, round(3 * sigma)), side - 1)
