"""Hue, saturation, and colour as a whole."""

import math

import torch

from ganatomy.data.features.content import Component
from ganatomy.data.features.feature import WHERE
from ganatomy.data.features.measured import Measured
from ganatomy.data.features.measurement import Measurement
from ganatomy.data.features.pixels import Pixels
from ganatomy.errors import InputError


class Colour(Component):
    """The deviation of the channels from their mean."""

    def __init__(self) -> None:
        super().__init__(
            "colour",
            "colour",
            "standard deviation of [-1, 1]",
            remove="every pixel is replaced by the mean of its channels",
            permute="every image gets the colours of another image, and keeps its own brightness",
            noise="colours are replaced by random ones of the same strength",
        )

    def rest(self, images: torch.Tensor) -> torch.Tensor:
        check_coloured(images, self.name)
        return images.mean(1, keepdim=True).expand_as(images)


class Hue(Measured):
    """The mean hue of an image, weighted by chroma: strong colours count most."""

    def __init__(self) -> None:
        super().__init__(
            "hue",
            "colour",
            "degrees on the colour circle",
            remove="every image's hues are turned until their mean is the data set's",
            permute="every image's hues are turned until their mean is that of another image",
            noise="every image's hues are turned by a random angle",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        """Measure the hue in turns, [0, 1)."""
        check_coloured(images, self.name)
        hue, saturation, value = _to_hsv(images)
        return _circular_mean(hue, saturation * value).unsqueeze(1)

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return self.values(images)[:, 0] * 360

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        values = self._all_values(pixels).double()
        return _circular_mean(values.T, torch.ones_like(values.T)).float()

    def drawn(self, values: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        return uniform

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        hue, saturation, value = _to_hsv(images)
        turn = (values - self.values(images)).view(-1, 1, 1)
        return _from_hsv((hue + turn) % 1.0, saturation, value)


class Saturation(Measured):
    """The mean saturation of an image, weighted by value: what is black does not count."""

    def __init__(self) -> None:
        super().__init__(
            "saturation",
            "colour",
            "share of full saturation",
            remove="every image gets the data set's mean saturation",
            permute="every image gets the mean saturation of another image, as far as full "
            "saturation allows",
            noise="every image gets a random mean saturation from the data's range",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        check_coloured(images, self.name)
        _, saturation, value = _to_hsv(images)
        weighted = (saturation * value).sum((1, 2)) / value.sum((1, 2)).clamp(min=1e-6)
        return weighted.unsqueeze(1)

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        hue, saturation, value = _to_hsv(images)
        factor = (values / self.values(images).clamp(min=1e-6)).view(-1, 1, 1)
        return _from_hsv(hue, (saturation * factor).clamp(0, 1), value)


class RedGreen(Measurement):
    """Red less green: one of the two opponent colours, whose sign tells where a hue lies."""

    def __init__(self) -> None:
        super().__init__("red_green", "colour", "mean of red less green, of 0 to 1")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        check_coloured(images, self.name)
        red, green, _ = images.mean((2, 3)).unbind(1)
        return (red - green) / 2


class YellowBlue(Measurement):
    """Yellow, the mean of red and green, less blue: the other opponent colour."""

    def __init__(self) -> None:
        super().__init__("yellow_blue", "colour", "mean of yellow less blue, of 0 to 1")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        check_coloured(images, self.name)
        red, green, blue = images.mean((2, 3)).unbind(1)
        return ((red + green) / 2 - blue) / 2


def check_coloured(images: torch.Tensor, name: str) -> None:
    """Raise `InputError` when the images are not RGB."""
    count = images.shape[1]
    if count != 3:
        kind = "grey images" if count == 1 else f"images of {count} channels"
        raise InputError(
            f"{kind} have no {name} to change", WHERE, f"Leave out the feature {name}."
        )


def _circular_mean(turns: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The mean angle of each row, in turns in [0, 1); dimensions but the first are one row."""
    angle = 2 * math.pi * turns
    x, y = ((weights * part).flatten(1).sum(1) for part in (angle.cos(), angle.sin()))
    return torch.atan2(y, x) / (2 * math.pi) % 1.0


def _to_hsv(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hue in turns, saturation and value in [0, 1], each of shape (n, h, w)."""
    pixels = (images + 1.0) / 2
    value, largest = pixels.max(1)
    chroma = value - pixels.amin(1)
    red, green, blue = pixels.unbind(1)
    safe = torch.where(chroma > 0, chroma, 1.0)
    sextants = torch.stack(
        [(green - blue) / safe % 6, (blue - red) / safe + 2, (red - green) / safe + 4]
    )
    hue = sextants.gather(0, largest.unsqueeze(0)).squeeze(0) / 6
    saturation = chroma / torch.where(value > 0, value, 1.0)
    return torch.where(chroma > 0, hue, 0.0), saturation, value


def _from_hsv(hue: torch.Tensor, saturation: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The inverse of `_to_hsv`: Tensor of shape (n, 3, h, w) in [-1, 1]."""
    channels = []
    for offset in (5, 3, 1):
        k = (offset + hue * 6) % 6
        channels.append(value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, 1) * 2 - 1.0
