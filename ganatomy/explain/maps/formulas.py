"""The formulas of Grad-CAM and its relatives, which weigh channels by gradients.

With a layer's channels A_c and the gradients of the target g_c = d target / d A_c:

==========  ==========================================  =========================================
gradcam     sum_c mean(g_c) A_c                         Selvaraju et al. 2017, arXiv 1610.02391
gradcam++   sum_c sum(alpha_c relu(g_c)) A_c,           Chattopadhay et al. 2018, arXiv 1710.11063
            alpha_c = 1 / (2 + g_c sum(A_c))
hirescam    sum_c g_c A_c, place by place               Draelos & Carin 2020, arXiv 2011.08891
layercam    sum_c relu(g_c) A_c, place by place         Jiang et al. 2021, IEEE TIP 30, 5875
==========  ==========================================  =========================================

The ReLU on the gradients is part of gradcam++ and layercam: these two see only what raises the
target. gradcam++ was made for layers behind a ReLU; where the sum of A_c is negative its alpha may
be large or change sign, and unlike the others it does not scale with the target.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import get_args

import torch
from torch.nn import functional

from ganatomy.explain.maps.choices import CamMethod


class Seen:
    """The activation and the gradient of one layer, (n, c, h, w): input of the formulas."""

    def __init__(self, activation: torch.Tensor, gradient: torch.Tensor) -> None:
        self.activation, self.gradient = activation, gradient
        # over positions; shape (n, c)
        self.sums, self.means = activation.sum((2, 3)), gradient.mean((2, 3))

    def weighted(self, weights: torch.Tensor) -> torch.Tensor:
        """Sum the weighted channels, without an array of the activation's size."""
        flat = torch.bmm(weights[:, None], self.activation.flatten(2))
        return flat.view(len(flat), *self.activation.shape[2:])


def _gradcam(seen: Seen) -> torch.Tensor:
    return seen.weighted(seen.means)


def _gradcam_plus_plus(seen: Seen) -> torch.Tensor:
    # alpha as published is g^2 / (2 g^2 + g^3 sum A); divided by g^2 it does not underflow
    divisor = 2 + seen.gradient * seen.sums[:, :, None, None]
    counts = (seen.gradient > 0) & (divisor != 0)
    weights = torch.where(counts, seen.gradient, 0) / torch.where(counts, divisor, 1)
    return seen.weighted(weights.sum((2, 3)))


def _hirescam(seen: Seen) -> torch.Tensor:
    return (seen.gradient * seen.activation).sum(1)


def _layercam(seen: Seen) -> torch.Tensor:
    return (seen.gradient.clamp_min(0) * seen.activation).sum(1)


def upsampled(cams: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Resize bilinearly by two matrix products: for small maps ten times faster than `interpolate`.

    Parameters
    ----------
    cams : Tensor of shape (..., height, width)
    size : (int, int)
    """
    sides = cams.shape[-2:]
    if sides == size:
        return cams
    rows, columns = (
        _interpolation(side, into, cams.dtype, cams.device) for side, into in zip(sides, size)
    )
    return rows.T @ (cams @ columns)


@lru_cache(maxsize=64)
def _interpolation(side: int, into: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return the weight of each of `side` cells in each of `into`, shape (side, into)."""
    cells = torch.eye(side, dtype=dtype, device=device)[None]
    return functional.interpolate(cells, into, mode="linear", align_corners=False)[0]


def is_finite(values: torch.Tensor) -> bool:
    """Say ``isfinite().all()``, a hundred times faster: a sum is not finite where a term is not."""
    return math.isfinite(values.detach().sum()) or bool(values.isfinite().all())


FORMULAS: dict[str, Callable[[Seen], torch.Tensor]] = {
    "gradcam": _gradcam,
    "gradcam++": _gradcam_plus_plus,
    "hirescam": _hirescam,
    "layercam": _layercam,
}
METHODS: tuple[str, ...] = get_args(CamMethod)
