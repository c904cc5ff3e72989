"""The features of a data set that can be changed one at a time.

A feature is one small class with a name, a sentence saying what its change does, and `remove`,
which replaces the feature by its neutral or mean value: "what does this content add?".
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch.nn import functional

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float, to_uint8
from ganatomy.errors import InputError

GRID = 4


@dataclass(frozen=True)
class Feature(ABC):
    """One thing about images that can be taken away.

    Attributes
    ----------
    name : str
    meaning : str
        What removing it does, in words, for the report.
    """

    name: str
    meaning: str

    @abstractmethod
    def remove(self, dataset: Dataset) -> Dataset:
        """The data set without the feature; the original is left as it was."""


class _Pixels(Feature):
    """A feature whose removal maps float images in [-1, 1] to float images, batch by batch."""

    @abstractmethod
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor: ...

    def remove(self, dataset: Dataset) -> Dataset:
        mean_image = to_float(dataset.images).mean(0)
        parts = [
            to_uint8(self._remove(to_float(part), mean_image))
            for part in dataset.images.split(2048)
        ]
        return Dataset(torch.cat(parts), dataset.labels, dataset.class_names)


@dataclass(frozen=True)
class Cell(_Pixels):
    """One cell of a 4 by 4 grid over the image."""

    row: int
    column: int

    def slices(self, image_size: int) -> tuple[slice, slice]:
        """The rows and columns of pixels that the cell covers."""
        side = image_size // GRID
        return (
            slice(self.row * side, (self.row + 1) * side),
            slice(self.column * side, (self.column + 1) * side),
        )

    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        rows, columns = self.slices(images.shape[-1])
        changed = images.clone()
        changed[..., rows, columns] = mean_image[..., rows, columns]
        return changed


class Brightness(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        return images + (mean_image.mean() - images.mean((1, 2, 3), keepdim=True))


class Contrast(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        mean = images.mean((1, 2, 3), keepdim=True)
        return mean + 0.5 * (images - mean)


class HighFrequencies(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        return _gaussian_blur(images, sigma=images.shape[-1] / 28)


class LowFrequencies(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        coarse = _gaussian_blur(images, sigma=images.shape[-1] / 7)
        return images - coarse + mean_image.mean()


class Orientation(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        _, y0, mu_xy, mu_yy = _moments(images)
        slant = (mu_xy / mu_yy.clamp(min=1e-6)).clamp(-1, 1)
        # output (x, y) is read from (x + slant * (y - y0), y): shears the main axis upright
        one, zero = torch.ones_like(slant), torch.zeros_like(slant)
        return _warp(images, torch.stack([one, slant, -slant * y0, zero, one, zero], 1))


class Position(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        x0, y0, _, _ = _moments(images)
        one, zero = torch.ones_like(x0), torch.zeros_like(x0)
        return _warp(images, torch.stack([one, zero, x0, zero, one, y0], 1))


class Thickness(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        return functional.max_pool2d(images, 3, stride=1, padding=1)


class Colour(_Pixels):
    def _remove(self, images: torch.Tensor, mean_image: torch.Tensor) -> torch.Tensor:
        if images.shape[1] == 1:
            raise InputError(
                "grey images have no colour to remove",
                "variants.features",
                "Leave out the feature colour.",
            )
        return images.mean(1, keepdim=True).expand_as(images)


@dataclass(frozen=True)
class LeftOutClass(Feature):
    """One class, all of whose images are taken away."""

    label: int

    def remove(self, dataset: Dataset) -> Dataset:
        return dataset.take(dataset.labels != self.label)


def available(class_names: tuple[str, ...]) -> dict[str, Feature]:
    """Every feature by name; one ``class_<name>`` for each class that the data has."""
    cells = [
        Cell(
            f"cell_{row}_{column}",
            f"row {row}, column {column} of a 4 by 4 grid shows the mean image",
            row,
            column,
        )
        for row in range(GRID)
        for column in range(GRID)
    ]
    others: list[Feature] = [
        Brightness("brightness", "every image gets the data set's mean brightness"),
        Contrast("contrast", "every image's deviation from its own mean is halved"),
        HighFrequencies("blur", "high spatial frequencies are removed by a Gaussian blur"),
        LowFrequencies("low_frequencies", "what a wide Gaussian blur would keep is removed"),
        Orientation("orientation", "every image is sheared until its main axis stands upright"),
        Position("position", "every image's centre of mass is moved to the middle"),
        Thickness("thickness", "bright strokes are thickened by one pixel on each side"),
        Colour("colour", "every pixel is replaced by the mean of its channels"),
    ]
    classes = [
        LeftOutClass(f"class_{name}", f"class {name} is left out", label)
        for label, name in enumerate(class_names)
    ]
    return {feature.name: feature for feature in [*cells, *others, *classes]}


def _gaussian_blur(images: torch.Tensor, sigma: float) -> torch.Tensor:
    radius = max(1, round(3 * sigma))
    radius = min(radius, images.shape[-1] - 1)
    offsets = torch.arange(-radius, radius + 1, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).repeat(images.shape[1], 1)
    padded = functional.pad(images, (radius, radius, radius, radius), mode="reflect")
    groups = images.shape[1]
    rows = functional.conv2d(padded, kernel[:, None, :, None], groups=groups)
    return functional.conv2d(rows, kernel[:, None, None, :], groups=groups)


def _moments(
    images: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Centre of mass (x, y) and central moments (xy, yy) of the brightness above black, in
    `grid_sample` coordinates, where the image spans [-1, 1]."""
    weight = (images.mean(1) + 1.0).clamp(min=0)
    weight = weight / weight.sum((1, 2), keepdim=True).clamp(min=1e-6)
    size = images.shape[-1]
    axis = (torch.arange(size, dtype=images.dtype) * 2 + 1) / size - 1
    x, y = axis.view(1, 1, -1), axis.view(1, -1, 1)
    x0 = (weight * x).sum((1, 2))
    y0 = (weight * y).sum((1, 2))
    dx, dy = x - x0.view(-1, 1, 1), y - y0.view(-1, 1, 1)
    return x0, y0, (weight * dx * dy).sum((1, 2)), (weight * dy * dy).sum((1, 2))


def _warp(images: torch.Tensor, affine: torch.Tensor) -> torch.Tensor:
    """Bilinear resampling; what comes from outside the image is black."""
    grid = functional.affine_grid(affine.view(-1, 2, 3), list(images.shape), align_corners=False)
    # grid_sample pads with 0, so black has to be 0 while it works
    return functional.grid_sample(images + 1.0, grid, align_corners=False) - 1.0
