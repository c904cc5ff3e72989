"""How far a place of a layer reaches: the pixels that it sees, or those that it changes.

Both are measured, so that dilation, attention and normalisation over an image count as what they
do. A discriminator's place sees the pixels on which its value depends (the receptive field, Luo et
al. 2016, arXiv 1701.04128, its whole extent); a generator's changes those that depend on it.
"""

import torch
from torch import nn

from ganatomy.explain.networks.hooks import captured, replaced, undisturbed
from ganatomy.rng import seeded

_SMALLEST = 1e-6  # of the largest gradient or change: what is below is rounding


def pixels_seen(
    network: nn.Module, images: torch.Tensor, layers: list[str]
) -> dict[str, tuple[int, int]]:
    """Measure height and width of what the middle place of each layer depends on.

    Parameters
    ----------
    network : nn.Module
        Images to anything; given back as it was.
    images : Tensor of shape (n, c, h, w)
        A few: a unit that is silent for one image may not be for another.
    layers : list of str
        Dotted names of layers that return maps, of shape (n, channels, h, w).

    Returns
    -------
    dict of str to (int, int)
        Of the layers that return maps of places.
    """
    found = {}
    with undisturbed(network), torch.enable_grad(), captured(network, layers) as outputs:
        images = images.detach().clone().requires_grad_()
        network(images)
        for name, maps in outputs.items():
            if maps.ndim == 4 and maps.requires_grad:
                middle = maps[..., maps.shape[-2] // 2, maps.shape[-1] // 2]
                (gradient,) = torch.autograd.grad(_mixed(middle), images, retain_graph=True)
                found[name] = _extent(gradient)
    return found


@torch.no_grad()
def pixels_changed(
    network: nn.Module, z: torch.Tensor, layers: list[str]
) -> dict[str, tuple[int, int]]:
    """Measure height and width of what the middle place of each layer changes in the image.

    Parameters
    ----------
    network : nn.Module
        Latents to images of shape (n, c, h, w); given back as it was.
    z : Tensor of shape (n, d)
        A few.
    layers : list of str

    Returns
    -------
    dict of str to (int, int)
        Of the layers that return maps of places.
    """
    found = {}
    with undisturbed(network):
        still = _made(network, z)
        for name in layers:
            shapes: list[int] = []

            def push(maps: torch.Tensor, shapes: list[int] = shapes) -> torch.Tensor:
                shapes.append(maps.ndim)
                if maps.ndim != 4:
                    return maps
                changed = maps.clone()
                places = (..., maps.shape[-2] // 2, maps.shape[-1] // 2)
                changed[places] = -changed[places] - maps.abs().amax() - 1
                return changed

            with replaced(network, {name: push}):
                images = _made(network, z)
            if shapes[:1] == [4] and images.ndim == 4:
                found[name] = _extent(images - still)
    return found


def _made(network: nn.Module, z: torch.Tensor) -> torch.Tensor:
    with seeded(0, "reach"):  # a network that draws noise draws the same for all layers
        images: torch.Tensor = network(z)
    return images


def _mixed(values: torch.Tensor) -> torch.Tensor:
    """Sum channels with weights of both signs, so that none cancels another by being its copy."""
    count = values.shape[1]
    weights = torch.cos(torch.arange(1, count + 1, device=values.device, dtype=values.dtype))
    return (values * weights).sum()


def _extent(change: torch.Tensor) -> tuple[int, int]:
    touched = change.abs().amax((0, 1))
    touched = touched > _SMALLEST * touched.max()
    rows, columns = touched.any(1).nonzero(), touched.any(0).nonzero()
    if not len(rows):
        return 0, 0
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
