"""Coordinates of images in which what is learned about them is a linear map."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Principal components of images, and how near each image is to some of them.

    With nearness, Gaussian in the components, a linear map of the coordinates can tell what is no
    linear map of the pixels (radial basis functions: Broomhead & Lowe 1988, Complex Systems
    2:321-355); far from all images that it was made of only the linear part is left.

    Attributes
    ----------
    mean : Tensor of shape (values,), float32
        Of images, flattened.
    components : Tensor of shape (k, values), float32
        Orthonormal.
    centres : Tensor of shape (m, k), float32
        Images that nearness is measured to, in components.
    scale : float
        What components are divided by.
    width : float
        Squared distance at which nearness has fallen to 1/e.
    """

    mean: torch.Tensor
    components: torch.Tensor
    centres: torch.Tensor
    scale: float
    width: float

    @property
    def count(self) -> int:
        """Number of coordinates."""
        return 1 + len(self.components) + len(self.centres)

    def of(self, images: torch.Tensor) -> torch.Tensor:
        """Return the coordinates of images of shape (n, c, h, w): (n, count), float64; a one first.

        In float64: the last digits may depend on how many images come together, and are to be
        far below what a byte can tell.
        """
        flat = images.flatten(1).double()
        scores = (flat - self.mean.to(flat)) @ self.components.to(flat).T
        near = torch.exp(-torch.cdist(scores, self.centres.to(flat)).square() / self.width)
        return torch.cat([scores.new_ones(len(flat), 1), scores / self.scale, near], 1)


def principal_components(rows: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean of rows of shape (n, values), and their first principal components.

    By the products of rows, n by n: images have more values than there are images. There are at
    most `count`, fewer where rows vary in fewer ways.
    """
    mean = rows.mean(0)
    centred = (rows - mean).double()
    variances, vectors = torch.linalg.eigh(centred @ centred.T)
    kept = int((variances > _NOTHING * variances[-1].clamp(min=_LEAST)).sum())
    chosen = slice(len(rows) - min(count, kept), len(rows))
    parts = (centred.T @ vectors[:, chosen] / variances[chosen].sqrt()).flip(1).T
    return mean, parts.float()


_NOTHING = 1e-9  # of the largest variance: what rounding makes
_LEAST = 1e-12
