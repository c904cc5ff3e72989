"""A discriminator with BatchNorm as a function of its image: statistics fixed from a stated batch.

While D is trained, BatchNorm normalises a batch of reals by the reals and a batch of fakes by the
fakes. In eval mode it takes running statistics of both, which lag behind the weights: that network
never played the game. The statistics of one batch, half reals and half fakes, under the weights as
they are, favour neither side and lag behind nothing. Virtual batch normalisation (Salimans et al.
2016, arXiv 1606.03498) fixes a batch in the same way while training.
"""

from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.rng import generator

NUM_OF_EACH = 256  # a channel's mean is then known to a sixteenth of its sd, or better


def normalises_by_batch(network: nn.Module) -> bool:
    """Say whether a network has a layer whose statistics are those of a batch: BatchNorm."""
    return any(isinstance(module, _BatchNorm) for module in network.modules())


@torch.no_grad()
def fixed_statistics(
    network: nn.Module,
    reals: torch.Tensor,
    fakes: torch.Tensor,
    *,
    num_of_each: int = NUM_OF_EACH,
    seed: int = 0,
) -> nn.Module:
    """Make a copy of a discriminator with statistics fixed from a batch of reals and fakes.

    Layer after layer, in eval mode: each normalises what reaches it from the layers before, whose
    statistics are fixed by then. Of the reference batch itself the copy says what the network in
    train mode says of it, dropout aside.

    Parameters
    ----------
    network : nn.Module
        Images of shape (n, c, h, w) in [-1, 1] to logits. It stays as it is.
    reals, fakes : Tensor of shape (n, c, h, w) and (m, c, h, w), uint8 or float in [-1, 1]
        As many are drawn of one as of the other.
    num_of_each : int
        Reals, and fakes, in the reference batch; fewer where there are fewer.
    seed : int
        Of which are drawn.

    Returns
    -------
    nn.Module
        In eval mode and frozen, on the same device; `network` itself where it has no BatchNorm.

    Raises
    ------
    InputError
        No reals or no fakes, or of different shapes.

    Examples
    --------
    >>> D = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 1))
    >>> fixed = fixed_statistics(D, torch.ones(8, 1, 8, 8), torch.rand(8, 1, 8, 8))
    >>> fixed is D, fixed.training
    (False, False)
    """
    if not normalises_by_batch(network):
        return network
    if reals.ndim != 4 or fakes.shape[1:] != reals.shape[1:] or not (len(reals) and len(fakes)):
        raise InputError(
            f"reals of shape {tuple(reals.shape)} and fakes of shape {tuple(fakes.shape)}",
            "reals, fakes",
            "Give some images of both, (n, c, h, w), of one size.",
        )
    count = min(num_of_each, len(reals), len(fakes))
    drawn = [_drawn(part, count, seed, name) for name, part in (("r", reals), ("f", fakes))]
    reference = torch.cat(drawn).to(device_of(network))
    fixed = copied(network, reference[:1]).eval().requires_grad_(False)
    norms = [module for module in fixed.modules() if isinstance(module, _BatchNorm)]
    hooks = [norm.register_forward_pre_hook(_fix) for norm in norms]
    try:
        fixed(reference)
    finally:
        for hook in hooks:
            hook.remove()
    return fixed


def copied(network: nn.Module, image: torch.Tensor) -> nn.Module:
    """Copy a network with all that it remembers; it sees one image before, in eval mode.

    Torch's older weight and spectral norm keep a weight that was computed in the last forward, and
    one with a graph behind it cannot be copied.
    """
    with undisturbed(network), torch.no_grad():
        network(image)
    return deepcopy(network)


def _drawn(images: torch.Tensor, count: int, seed: int, name: str) -> torch.Tensor:
    order = torch.randperm(len(images), generator=generator(seed, "fixed-statistics", name))
    chosen = images[order[:count].to(images.device)].cpu()
    return to_float(chosen) if chosen.dtype == torch.uint8 else chosen.float()


def _fix(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
    values = inputs[0]
    over = [axis for axis in range(values.ndim) if axis != 1]
    norm.running_var, norm.running_mean = torch.var_mean(values, over, correction=0)
