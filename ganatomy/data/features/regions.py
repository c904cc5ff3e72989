"""Places in the image: the cells of a grid, and what a mask image marks."""

import warnings
from abc import abstractmethod
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganatomy.data.choices import Shape, Size
from ganatomy.data.features.content import ContentFeature
from ganatomy.data.recipe import GRID
from ganatomy.data.shape import sides
from ganatomy.errors import InputError


class Region(ContentFeature):
    """A fixed set of pixels; measured as its mean brightness."""

    def __init__(self, name: str, place: str) -> None:
        super().__init__(
            name,
            "region",
            "mean of [-1, 1]",
            remove=f"{place} shows the mean image",
            permute=f"{place} shows what it does in another image",
            noise=f"{place} shows uniform noise",
        )

    @abstractmethod
    def inside(self, image_size: int) -> torch.Tensor:
        """Return the mask of its pixels: Tensor of shape (image_size, image_size), bool."""

    def mask(self, size: tuple[int, int]) -> torch.Tensor:
        """Return the mask of its pixels in images of height and width `size`.

        Raises
        ------
        InputError
            It is drawn on images of another size.
        """
        marked = self.inside(size[1])
        if tuple(marked.shape) != size:
            raise InputError(
                f"{self.name} is drawn on {marked.shape[0]} by {marked.shape[1]} pixels, the "
                f"images have {size[0]} by {size[1]}",
                "region",
                "Name a cell, which fits images of any size.",
            )
        return marked

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        inside = self.mask((images.shape[-2], images.shape[-1])).to(images.device)
        return images[..., inside].mean((1, 2))

    def removed(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
        return self.exchanged(images, neutral)

    def exchanged(self, images: torch.Tensor, donors: torch.Tensor) -> torch.Tensor:
        inside = self.mask((images.shape[-2], images.shape[-1])).to(images.device)
        return torch.where(inside, donors, images)


class Cell(Region):
    """One cell of a grid over the image; sizes differ by a pixel where the side is no multiple."""

    def __init__(self, row: int, column: int, grid: int = GRID) -> None:
        super().__init__(
            f"cell_{row}_{column}", f"row {row}, column {column} of a {grid} by {grid} grid"
        )
        self.row, self.column, self.grid = row, column, grid

    def inside(self, image_size: int) -> torch.Tensor:
        return self.mask((image_size, image_size))

    def mask(self, size: tuple[int, int]) -> torch.Tensor:
        inside = torch.zeros(size, dtype=torch.bool)
        inside[self._span(self.row, size[0]), self._span(self.column, size[1])] = True
        return inside

    def _span(self, place: int, image_size: int) -> slice:
        return slice(place * image_size // self.grid, (place + 1) * image_size // self.grid)


class MaskRegion(Region):
    """The pixels that are not black in a mask image; named ``mask_<file name without its ending>``.

    Parameters
    ----------
    path : Path
        An image of any format that Pillow reads; transparency is ignored.
    image_size : int or tuple of two int
        Its side, or height and width, must be those of the images.

    Raises
    ------
    InputError
        The file cannot be read, has another size, or marks nothing or everything.
    """

    def __init__(self, path: Path, image_size: Size) -> None:
        super().__init__(f"mask_{path.stem}", f"the region marked in {path.name}")
        self.marked = _read_mask(path, sides(image_size))

    def inside(self, image_size: int) -> torch.Tensor:
        return self.marked


def _read_mask(path: Path, shape: Shape) -> torch.Tensor:
    where = str(path)
    height, width = shape
    remedy = f"Paint white on black, {width} by {height} pixels, and save it as PNG."
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if image.size != (width, height):
                raise InputError(
                    f"the mask is {image.size[0]} by {image.size[1]} pixels, the images are "
                    f"{width} by {height}",
                    where,
                    remedy,
                )
            single = image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16")
            pixels = np.asarray(image if single else image.convert("RGB"))
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError("there is no such mask file", where, remedy) from None
    except Exception as error:
        raise InputError(
            f"the mask cannot be read ({type(error).__name__}: {error})", where, remedy
        ) from error
    marked = (pixels != 0).reshape(height, width, -1).any(2)
    if marked.all() or not marked.any():
        amount = "everything" if marked.all() else "nothing"
        raise InputError(
            f"the mask ({width} by {height}) marks {amount}: only black is outside",
            where,
            remedy,
        )
    return torch.from_numpy(marked)
