"""Features that nobody wrote: directions of a generator's latents, read from images and changed."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from ganatomy.data.features.coordinates import Coordinates
from ganatomy.data.features.measured import Measured
from ganatomy.data.recipe import LEARNED

UNIT = "standard deviations of the latent"

_STEPS = 4  # the image changes on the way, and with it what a step would change
_LONGEST = 1.5  # standard deviations of one of these


@dataclass(frozen=True)
class Judged:
    """Figures on a direction: how well images tell it, and how well they are changed along it.

    All figures are of images that nothing was fitted to; NaN where nothing could be fitted.

    Attributes
    ----------
    direction : int
        Counted from 1.
    concept : str
        What the direction was named after; "" without a name.
    reason : str
        Why it is no feature; "" where it is one.
    r2, r2_low, r2_high : float
        Share of the latent's variance along the direction that the reading tells, and its 95 %
        interval.
    follows, follows_low, follows_high : float
        Share of G's own change, in squares, that changing the image gets right: 1 where it makes
        the image that G makes a step along the direction, 0 where it is as far from it as the
        image that nobody changed.
    left : float
        Spread of the readings after all images were brought to their mean, over that before.
    """

    direction: int
    concept: str
    reason: str = ""
    r2: float = math.nan
    r2_low: float = math.nan
    r2_high: float = math.nan
    follows: float = math.nan
    follows_low: float = math.nan
    follows_high: float = math.nan
    left: float = math.nan

    @property
    def name(self) -> str:
        """The feature's: ``learned:3``."""
        return f"{LEARNED}{self.direction}"

    @property
    def title(self) -> str:
        """The same for people: ``learned:3 (orientation)``."""
        return f"{self.name} ({self.concept})" if self.concept else self.name


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers that a direction is read and changed by.

    Attributes
    ----------
    reader : Tensor of shape (coordinates,), float32
        The reading is its product with an image's coordinates.
    mean_change : Tensor of shape (values,), float32
        What a step along the direction adds to an image, over all images.
    ways : Tensor of shape (q, values), float32
        In which an image's own change differs from that.
    changer : Tensor of shape (coordinates, q), float32
        How much of each way, by an image's coordinates.
    gain : Tensor of shape (), float32
        What the reading gains by a step.
    """

    reader: torch.Tensor
    mean_change: torch.Tensor
    ways: torch.Tensor
    changer: torch.Tensor
    gain: torch.Tensor


class Learned(Measured):
    """Place of an image along a direction of a generator's latents, as far as images tell.

    It is read by a regression that was fitted to images of the generator, whose latents are known.
    It is changed by adding what the generator itself changes a step along the direction in images
    like this one, in several steps, until the reading is what it is to be.
    """

    def __init__(self, judged: Judged, coordinates: Coordinates, numbers: Numbers) -> None:
        which = f"direction {judged.direction} of G's latents"
        which += f" ({judged.concept})" if judged.concept else ""
        super().__init__(
            judged.name,
            "learned",
            UNIT,
            remove=f"every image is moved along {which} to the mean of all",
            permute=f"every image is moved along {which} to where another image is",
            noise=f"every image is moved along {which} to a random place in the data's range",
        )
        self.judged, self.coordinates, self.numbers = judged, coordinates, numbers

    def values(self, images: torch.Tensor) -> torch.Tensor:
        return self._read(self.coordinates.of(images)).float()[:, None]

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        for left in range(_STEPS, 0, -1):
            found = self.coordinates.of(images)
            missing = (values[:, 0] - self._read(found)) / float(self.numbers.gain)
            images = self._stepped(images, found, (missing / left).clamp(-_LONGEST, _LONGEST))
        return images

    def walked(self, images: torch.Tensor, steps: float) -> torch.Tensor:
        """Move images so many steps of the latents along the direction, whatever is read then."""
        for _ in range(_STEPS):
            each = torch.full((len(images),), steps / _STEPS, dtype=torch.float64)
            images = self._stepped(images, self.coordinates.of(images), each.to(images.device))
        return images

    def _read(self, found: torch.Tensor) -> torch.Tensor:
        return found @ self.numbers.reader.to(found)

    def _stepped(
        self, images: torch.Tensor, found: torch.Tensor, steps: torch.Tensor
    ) -> torch.Tensor:
        numbers = self.numbers
        own = found @ numbers.changer.to(found) @ numbers.ways.to(found)
        change = steps[:, None] * (numbers.mean_change.to(found) + own)
        return (images.double() + change.view_as(images)).clamp(-1, 1).to(images.dtype)


def tensors_of(feature: Learned) -> dict[str, torch.Tensor]:
    """Return what `Numbers` holds, by name and direction, for a file."""
    number = feature.judged.direction
    return {f"{number}.{name}": value for name, value in vars(feature.numbers).items()}


def numbers_from(tensors: dict[str, Any], direction: int) -> Numbers:
    """Read what `tensors_of` gave; KeyError where something is missing."""
    return Numbers(**{name: tensors[f"{direction}.{name}"] for name in Numbers.__annotations__})
