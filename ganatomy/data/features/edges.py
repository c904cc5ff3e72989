"""How many pixels it takes from ground to figure."""

import torch

from ganatomy.data.features.figure import border_difference, figure
from ganatomy.data.features.measurement import Measurement


class EdgeWidth(Measurement):
    """The width of the slope between ground and figure: 1 of a sharp edge; NaN without figure.

    The figure's contrast, times the sum of the gradient's size, over the sum of its square. An even
    slope over k pixels gives k; a step that is blurred by a Gaussian gives 2 sqrt(pi) of its sigma.
    """

    def __init__(self) -> None:
        super().__init__("edge_width", "stroke", "pixels from ground to figure")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        inside, difference = figure(images), border_difference(images)
        down = difference[..., 1:, :-1] - difference[..., :-1, :-1]
        right = difference[..., :-1, 1:] - difference[..., :-1, :-1]
        squared = down.square() + right.square()
        contrast = _mean(difference, inside) - _mean(difference, ~inside)
        return contrast * squared.sqrt().sum((1, 2, 3)) / squared.sum((1, 2, 3))


def _mean(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    return (values * where).sum((1, 2, 3)) / where.sum((1, 2, 3))
