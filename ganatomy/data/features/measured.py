"""Features that are a value of each image, which can be set to another."""

from abc import abstractmethod
from collections.abc import Iterator

import torch

from ganatomy.data.features.feature import Feature
from ganatomy.data.features.pixels import Pixels
from ganatomy.rng import generator


class Measured(Feature):
    """A value, of k numbers, that can be read off an image and given to it.

    ``remove`` gives every image the same value, ``permute`` that of another image, ``noise`` one
    that is uniform between the data's smallest and largest.
    """

    @abstractmethod
    def values(self, images: torch.Tensor) -> torch.Tensor:
        """Measure each image, Tensor of shape (n, k)."""

    @abstractmethod
    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Change images until they have `values`, of shape (n, k), as far as that goes."""

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return self.values(images)[:, 0]

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        """Return the value, of shape (k,), that ``remove`` gives to all; by default the mean."""
        return self._all_values(pixels).double().mean(0).float()

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return self.given(images, neutral.expand(len(images), -1))

    def drawn(self, values: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """Draw values by numbers that are uniform in [0, 1), both of shape (n, k)."""
        low, high = values.amin(0), values.amax(0)
        return low + (high - low) * uniform

    def parts(self, pixels: Pixels, mode: str, seed: int) -> Iterator[torch.Tensor]:
        self.meaning(mode)
        if mode == "remove":
            neutral = self.neutral(pixels)
        else:
            targets = self._targets(self._all_values(pixels), mode, seed)
        for places in pixels.slices():
            images = pixels.read(places)
            if mode == "remove":
                changed = self.removed(images, neutral)
            else:
                changed = self.given(images, targets[places])
            yield changed.clamp(-1, 1)

    def _all_values(self, pixels: Pixels) -> torch.Tensor:
        return torch.cat([self.values(pixels.read(places)) for places in pixels.slices()])

    def _targets(self, values: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        draw = generator(seed, self.name, mode)
        if mode == "permute":
            return values[torch.randperm(len(values), generator=draw).to(values.device)]
        return self.drawn(values, torch.rand(values.shape, generator=draw).to(values.device))
