"""Features that are content: a part of the picture that can be exchanged for another's."""

from abc import abstractmethod
from collections.abc import Iterator

import torch

from ganatomy.data.features.feature import Feature
from ganatomy.data.features.pixels import Pixels
from ganatomy.rng import generator


class ContentFeature(Feature):
    """Content of an image, in some place or respect, without a value of its own."""

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        """Return what ``remove`` puts in its place; the mean image unless said otherwise."""
        return pixels.mean_image

    @abstractmethod
    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor: ...

    @abstractmethod
    def exchanged(self, images: torch.Tensor, donors: torch.Tensor) -> torch.Tensor:
        """Give `images` this content of `donors`, which are of the same shape."""

    def randomised(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Give `images` noise instead; `noise` is uniform in [-1, 1), of the same shape."""
        return self.exchanged(images, noise)

    def parts(self, pixels: Pixels, mode: str, seed: int) -> Iterator[torch.Tensor]:
        self.meaning(mode)
        draw = generator(seed, self.name, mode)
        device = pixels.images.device
        if mode == "remove":
            neutral = self.neutral(pixels)
        if mode == "permute":
            order = torch.randperm(len(pixels), generator=draw)
        for places in pixels.slices():
            images = pixels.read(places)
            if mode == "remove":
                changed = self.removed(images, neutral)
            elif mode == "permute":
                changed = self.exchanged(images, pixels.read(order[places].to(device)))
            else:
                # drawn in order, one number a value: chunks continue each other
                noise = torch.rand(images.shape, generator=draw).mul_(2).sub_(1)
                changed = self.randomised(images, noise.to(device))
            yield changed.clamp(-1, 1)


class Component(ContentFeature):
    """Additive content, as a band of frequencies or colour: an image is its sum with a `rest`."""

    @abstractmethod
    def rest(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images without the component."""

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        """Measure the standard deviation of the component over the pixels of each image."""
        return self._strength(images)

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return self.rest(images)

    def exchanged(self, images: torch.Tensor, donors: torch.Tensor) -> torch.Tensor:
        return self.rest(images) + donors - self.rest(donors)

    def randomised(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        strength = self._strength(images) / self._strength(noise).clamp(min=1e-6)
        return self.rest(images) + strength.view(-1, 1, 1, 1) * (noise - self.rest(noise))

    def _strength(self, images: torch.Tensor) -> torch.Tensor:
        return (images - self.rest(images)).std((1, 2, 3), correction=0)
