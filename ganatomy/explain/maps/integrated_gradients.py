"""Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365)."""

from collections.abc import Callable

import numpy as np
import torch

from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target


def integrated_gradients(
    target: Target,
    images: torch.Tensor,
    fill: torch.Tensor,
    *,
    num_steps: int = 32,
    batch_size: int = 256,
    on_warning: Callable[[str], None] = lambda text: None,
) -> torch.Tensor:
    """Add up the gradient along the straight way from `fill` to the image.

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

    Raises
    ------
    InputError
        A target without a gradient.

    Examples
    --------
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> linear = torch.nn.Linear(4, 1)
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))
    >>> images = torch.ones(1, 1, 2, 2)
    >>> maps = integrated_gradients(d_logit(network), images, -images)
    >>> torch.allclose(maps.flatten(), 2 * linear.weight[0], atol=1e-5)
    True
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
        total = target.values(between.requires_grad_()).sum()
        if not total.requires_grad:
            raise InputError(
                f"target {target.name} has no gradient with respect to the images",
                "target",
                "Compute it without detach, no_grad or numpy.",
            )
        (gradient,) = torch.autograd.grad(total, between)
        parts = (gradient * way[at] * weights[step, None, None, None]).sum(1)
        first = start // num_steps
        sums = parts.new_zeros(int(at[-1]) - first + 1, height, width).index_add_(
            0, at - first, parts
        )
        return torch.arange(first, first + len(sums)), sums.float().cpu()

    maps = torch.zeros(count, height, width)
    with undisturbed(target.model), torch.inference_mode(False), torch.enable_grad():
        for at, sums in in_batches(compute, count * num_steps, batch_size, on_warning=on_warning):
            maps.index_add_(0, at, sums)
    return maps
