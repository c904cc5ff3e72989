"""How large the figure is, how wide for its height and how long for its width."""

import torch

from ganatomy.data.features.figure import figure
from ganatomy.data.features.measurement import Measurement


class Area(Measurement):
    """The share of the pixels that are figure."""

    def __init__(self) -> None:
        super().__init__("area", "shape", "share of the image that is figure")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return figure(images).float().mean((1, 2, 3))


class Aspect(Measurement):
    """Width over height: the ratio of the figure's spread across and down; NaN without figure.

    Of an upright rectangle or ellipse exactly the ratio of its sides or axes.
    """

    def __init__(self) -> None:
        super().__init__("aspect", "shape", "width of the figure over its height")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        xx, _, yy = _spread(figure(images))
        return (xx / yy).sqrt()


class Elongation(Measurement):
    """Length over width: the ratio of the figure's main axes, however it is turned; 1 of a disc."""

    def __init__(self) -> None:
        super().__init__("elongation", "shape", "length of the figure over its width")

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        xx, xy, yy = _spread(figure(images))
        middle, apart = (xx + yy) / 2, torch.hypot((xx - yy) / 2, xy)
        return ((middle + apart) / (middle - apart)).sqrt()


def _spread(inside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Central moments (xx, xy, yy) of masks in square pixels, each of shape (n,).

    A pixel is a square, not a point: its own spread is a twelfth, across and down.
    """
    mass = inside[:, 0].double()
    count = mass.sum((1, 2))
    x = torch.arange(mass.shape[2], device=mass.device, dtype=mass.dtype)
    y = torch.arange(mass.shape[1], device=mass.device, dtype=mass.dtype)
    across, down = mass.sum(1), mass.sum(2)
    x0, y0 = across @ x / count, down @ y / count
    xx = across @ x.square() / count - x0.square() + 1 / 12
    yy = down @ y.square() / count - y0.square() + 1 / 12
    xy = torch.einsum("nyx,y,x->n", mass, y, x) / count - x0 * y0
    return xx.float(), xy.float(), yy.float()
