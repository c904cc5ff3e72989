"""Two plain attributions that others are measured beside: occlusion and integrated gradients."""

from collections.abc import Callable

import numpy as np
import torch

from ganatomy.errors import InputError
from ganatomy.explain.batches import in_batches
from ganatomy.explain.hooks import undisturbed
from ganatomy.explain.targets import Target


def occlusion(
    target: Target,
    images: torch.Tensor,
    side: int,
    fill: torch.Tensor,
    batch_size: int = 512,
    on_warning: Callable[[str], None] = lambda text: None,
) -> torch.Tensor:
    """How far the target falls when a window is hidden (Zeiler & Fergus 2014, arXiv 1311.2901).

    Parameters
    ----------
    target : Target
        Of images.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    side : int
        Of the square windows, in pixels. They do not overlap; at the lower and the right border
        they are smaller where `side` does not divide the image.
    fill : Tensor that broadcasts to (n, c, h, w)
        What is there instead of a hidden pixel.
    batch_size : int
    on_warning : callable

    Returns
    -------
    Tensor of shape (n, h, w), float32 on the CPU
        The fall, at every pixel of its window.

    Raises
    ------
    InputError
        Windows smaller than a pixel.
    """
    if side < 1:
        raise InputError(f"windows of {side} pixels", "occlusion", "Use a side of at least 1.")
    count, _, height, width = images.shape
    fill = fill.to(images).expand_as(images)
    num_columns = -(-width // side)
    rows = torch.arange(height, device=images.device)[:, None] // side
    windows = rows * num_columns + torch.arange(width, device=images.device) // side
    num_windows = int(windows.max()) + 1

    def compute(start: int, stop: int) -> torch.Tensor:
        items = torch.arange(start, stop, device=images.device)
        at, window = items // (num_windows + 1), items % (num_windows + 1)
        hidden = (windows == window[:, None, None])[:, None]  # the last window is none: whole image
        return target.values(torch.where(hidden, fill[at], images[at])).float().cpu()

    with undisturbed(target.model), torch.no_grad():
        found = in_batches(compute, count * (num_windows + 1), batch_size, on_warning)
    values = torch.cat(found).view(count, num_windows + 1)
    return (values[:, -1:] - values[:, :-1])[:, windows.cpu()]


def integrated_gradients(
    target: Target,
    images: torch.Tensor,
    fill: torch.Tensor,
    num_steps: int = 32,
    batch_size: int = 256,
    on_warning: Callable[[str], None] = lambda text: None,
) -> torch.Tensor:
    """The gradient along the straight way from `fill` to the image (arXiv 1703.01365).

    Summed over channels. The map of an image sums to ``target(image) - target(fill)``, as far as
    `num_steps` points of a Gauss-Legendre rule follow the target's bends.

    Parameters
    ----------
    target : Target
        Of images; differentiable.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    fill : Tensor that broadcasts to (n, c, h, w)
    num_steps : int
    batch_size : int
    on_warning : callable

    Returns
    -------
    Tensor of shape (n, h, w), float32 on the CPU
    """
    points, shares = np.polynomial.legendre.leggauss(num_steps)
    along = torch.from_numpy((points + 1) / 2).to(images)
    weights = torch.from_numpy(shares / 2).to(images)
    count, _, height, width = images.shape
    fill = fill.to(images).expand_as(images)
    way = images.detach() - fill

    def compute(start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        items = torch.arange(start, stop, device=images.device)
        at, step = items // num_steps, items % num_steps
        between = fill[at] + along[step, None, None, None] * way[at]
        with torch.enable_grad():
            total = target.values(between.requires_grad_()).sum()
            (gradient,) = torch.autograd.grad(total, between)
        parts = (gradient * way[at] * weights[step, None, None, None]).sum(1)
        first = start // num_steps
        sums = parts.new_zeros(int(at[-1]) - first + 1, height, width).index_add_(
            0, at - first, parts
        )
        return torch.arange(first, first + len(sums)), sums.float().cpu()

    maps = torch.zeros(count, height, width)
    with undisturbed(target.model):
        for at, sums in in_batches(compute, count * num_steps, batch_size, on_warning):
            maps.index_add_(0, at, sums)
    return maps
