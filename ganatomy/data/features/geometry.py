"""Where the bright mass of an image is, how it is slanted and how far it spreads."""

import torch
from torch.nn import functional

from ganatomy.data.features.measured import Measured
from ganatomy.data.features.pixels import Pixels

_MAX_ZOOM = 4.0


class Orientation(Measured):
    """The slant of the main axis."""

    def __init__(self) -> None:
        super().__init__(
            "orientation",
            "geometry",
            "tangent of the slant, capped at 45 degrees",
            remove="every image is sheared until its main axis stands upright",
            permute="every image is sheared until it has the slant of another image",
            noise="every image is sheared to a random slant from the data's range",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        _, _, _, mu_xy, mu_yy = _moments(images)
        return (mu_xy / mu_yy.clamp(min=1e-6)).clamp(-1, 1).unsqueeze(1)

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        return pixels.mean_image.new_zeros(1)

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        y0 = _moments(images)[1]
        shear = (self.values(images) - values).squeeze(1)
        # output (x, y) is read from (x + shear * (y - y0), y)
        one, zero = torch.ones_like(shear), torch.zeros_like(shear)
        return _warp(images, torch.stack([one, shear, -shear * y0, zero, one, zero], 1))


class Position(Measured):
    """The centre of mass; measured as its distance from the middle."""

    def __init__(self) -> None:
        super().__init__(
            "position",
            "geometry",
            "pixels from the middle",
            remove="every image's centre of mass is moved to the middle",
            permute="every image's centre of mass is moved to that of another image",
            noise="every image's centre of mass is moved to a random place in the data's range",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack(_moments(images)[:2], 1)

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        x, y = self.values(images).unbind(1)
        return torch.hypot(x, y) * images.shape[-1] / 2

    def neutral(self, pixels: Pixels) -> torch.Tensor:
        return pixels.mean_image.new_zeros(2)

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        x, y = (self.values(images) - values).unbind(1)
        one, zero = torch.ones_like(x), torch.zeros_like(x)
        return _warp(images, torch.stack([one, zero, x, zero, one, y], 1))


class Scale(Measured):
    """Root mean square distance of the mass from its centre."""

    def __init__(self) -> None:
        super().__init__(
            "scale",
            "geometry",
            "root-mean-square radius in pixels",
            remove="every image is zoomed until its mass spreads as far as the mean of all",
            permute="every image is zoomed until its mass spreads as far as another image's",
            noise="every image is zoomed to a random spread from the data's range",
        )

    def values(self, images: torch.Tensor) -> torch.Tensor:
        _, _, mu_xx, _, mu_yy = _moments(images)
        return (mu_xx + mu_yy).sqrt().unsqueeze(1) * images.shape[-1] / 2

    def given(self, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        x0, y0, _, _, _ = _moments(images)
        now = self.values(images)
        step = (now / values.clamp(min=1e-3)).clamp(1 / _MAX_ZOOM, _MAX_ZOOM)
        step = torch.where(now < 1e-3, 1.0, step).squeeze(1)  # a point or nothing has no size
        zero = torch.zeros_like(step)
        affine = [step, zero, x0 * (1 - step), zero, step, y0 * (1 - step)]
        return _warp(images, torch.stack(affine, 1))


def _moments(images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Centre of mass (x, y) and central moments (xx, xy, yy) of the brightness above black, in
    coordinates whose unit is half the image's width, 0 in its middle; each of shape (n,)."""
    weight = (images.mean(1) + 1.0).clamp(min=0)
    weight = weight / weight.sum((1, 2), keepdim=True).clamp(min=1e-6)
    height, width = images.shape[-2:]
    x = _axis(width, images).view(1, 1, -1)
    y = _axis(height, images).view(1, -1, 1) * (height / width)
    x0 = (weight * x).sum((1, 2))
    y0 = (weight * y).sum((1, 2))
    dx, dy = x - x0.view(-1, 1, 1), y - y0.view(-1, 1, 1)
    second = ((weight * a * b).sum((1, 2)) for a, b in ((dx, dx), (dx, dy), (dy, dy)))
    return x0, y0, *second


def _axis(size: int, images: torch.Tensor) -> torch.Tensor:
    """Where `grid_sample` has the pixels of a side, which spans [-1, 1]."""
    return (torch.arange(size, dtype=images.dtype, device=images.device) * 2 + 1) / size - 1


def _warp(images: torch.Tensor, affine: torch.Tensor) -> torch.Tensor:
    """Bilinear resampling in the coordinates of `_moments`; outside the image all is black."""
    aspect = images.shape[-2] / images.shape[-1]
    by_side = affine.new_tensor([[1, aspect, 1], [1 / aspect, 1, 1 / aspect]])
    grid = functional.affine_grid(
        affine.view(-1, 2, 3) * by_side, list(images.shape), align_corners=False
    )
    # grid_sample pads with 0, so black has to be 0 while it works
    return functional.grid_sample(images + 1.0, grid, align_corners=False) - 1.0
