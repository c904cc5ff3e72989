"""How thick bright strokes are."""

import torch
from torch.nn import functional

from ganatomy.data.features.measured import Measured


class Thickness(Measured):
    """Twice the area over the length of the outline: the width of a long bar."""

    def __init__(self) -> None:
        super().__init__(
            "thickness",
            "stroke",
            "pixels",
            remove="bright strokes are thickened by one pixel on each side",
            permute="bright strokes are made as thick as another image's, by at most two pixels on "
            "each side",
            noise="bright strokes get a random thickness from the data's range, by at most two "
            "pixels on each side",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        bright = (images.mean(1) + 1.0) / 2
        padded = functional.pad(bright, (1, 1, 1, 1))
        down = padded[:, 1:, :-1] - padded[:, :-1, :-1]
        right = padded[:, :-1, 1:] - padded[:, :-1, :-1]
        outline = (down.square() + right.square()).sqrt().sum((1, 2))
        return (2 * bright.sum((1, 2)) / outline.clamp(min=1e-6)).unsqueeze(1)

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return _dilated(images)

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Interpolate between the two of five steps whose thickness is around the one wanted.

        The steps go from eroded twice to dilated twice.
        """
        eroded, dilated = _eroded(images), _dilated(images)
        steps = [_eroded(eroded), eroded, images, dilated, _dilated(dilated)]
        thickness = [self.values(step) for step in steps]
        interpolated = torch.where((values < thickness[0]).view(-1, 1, 1, 1), steps[0], steps[-1])
        for k in range(4):
            thin, thick = thickness[k], thickness[k + 1]
            share = ((values - thin) / (thick - thin).clamp(min=1e-6)).view(-1, 1, 1, 1)
            mixed = steps[k] + share * (steps[k + 1] - steps[k])
            interpolated = torch.where((share >= 0) & (share <= 1), mixed, interpolated)
        return interpolated


def _dilated(images: torch.Tensor) -> torch.Tensor:
    return functional.max_pool2d(images, 3, stride=1, padding=1)


def _eroded(images: torch.Tensor) -> torch.Tensor:
    return -_dilated(-images)
