"""One channel of images that are neither grey nor RGB: a band, a mask, an opacity."""

import torch

from ganatomy.data.features.content import ContentFeature
from ganatomy.data.features.pixels import Pixels


class Channel(ContentFeature):
    """One channel, from 0; measured as its mean."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"channel_{number}",
            "channel",
            "mean of [-1, 1]",
            remove=f"channel {number} has its mean over the data set everywhere",
            permute=f"channel {number} is that of another image",
            noise=f"channel {number} becomes uniform noise",
        )
        self.number = number

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, self.number].mean((1, 2))

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        return pixels.mean_image.mean((1, 2), keepdim=True)

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return self.exchanged(images, neutral.expand_as(images))

    def exchanged(self, images: torch.Tensor, donors: torch.Tensor) -> torch.Tensor:
        changed = images.clone()
        changed[:, self.number] = donors[:, self.number]
        return changed
