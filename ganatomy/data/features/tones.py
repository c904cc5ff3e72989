"""Brightness and contrast of an image as a whole."""

import torch

from ganatomy.data.features.measured import Measured
from ganatomy.data.features.pixels import Pixels

_BISECTIONS = 24  # of an interval of length 4: float32 has no finer steps


class Brightness(Measured):
    """The mean over pixels and channels."""

    def __init__(self) -> None:
        super().__init__(
            "brightness",
            "tone",
            "mean of [-1, 1]",
            remove="every image gets the data set's mean brightness",
            permute="every image gets the mean brightness of another image",
            noise="every image gets a random brightness from the data's range",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3)).unsqueeze(1)

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        return pixels.mean_image.mean()

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return images + (neutral - images.mean((1, 2, 3), keepdim=True))

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Shift until the mean fits, which clipping at black and white makes harder to reach."""
        wanted = values.view(-1, 1, 1, 1)
        low = torch.full_like(wanted, -2.0)
        high = torch.full_like(wanted, 2.0)
        for _ in range(_BISECTIONS):
            shift = (low + high) / 2
            too_dark = (images + shift).clamp(-1, 1).mean((1, 2, 3), keepdim=True) < wanted
            low, high = torch.where(too_dark, shift, low), torch.where(too_dark, high, shift)
        return images + (low + high) / 2


class Contrast(Measured):
    """The standard deviation over pixels and channels."""

    def __init__(self) -> None:
        super().__init__(
            "contrast",
            "tone",
            "standard deviation of [-1, 1]",
            remove="every image's deviation from its own mean is halved",
            permute="every image gets the standard deviation of another image, as far as black and "
            "white allow",
            noise="every image gets a random standard deviation from the data's range",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        return images.std((1, 2, 3), correction=0).unsqueeze(1)

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        mean = images.mean((1, 2, 3), keepdim=True)
        return mean + 0.5 * (images - mean)

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        mean = images.mean((1, 2, 3), keepdim=True)
        factor = values / self.values(images).clamp(min=1e-6)
        return mean + factor.view(-1, 1, 1, 1) * (images - mean)
