"""What gives an image a value of a feature, for each kind of feature that can be given so."""

from collections.abc import Callable

import torch

from ganatomy.data.features.channels import Channel
from ganatomy.data.features.content import Component
from ganatomy.data.features.feature import Feature
from ganatomy.data.features.measured import Measured
from ganatomy.data.features.regions import Region
from ganatomy.data.features.tones import Brightness

Giver = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_BISECTIONS = 14
_MOST = 8.0  # times as much of a component


def giver_of(feature: Feature) -> Giver | None:
    """Return what gives images a feature's values; None where no single change does.

    A component (a band of frequencies, colour) is made weaker or stronger, a region or channel
    darker or lighter, and what has a value of its own gets another.

    Examples
    --------
    >>> from ganatomy.data.features.regions import Cell
    >>> lit = giver_of(Cell(0, 0, 2))(torch.zeros(1, 1, 2, 2), torch.tensor([0.5]))
    >>> [round(value, 3) for value in lit.flatten().tolist()]
    [0.5, 0.0, 0.0, 0.0]
    """
    if isinstance(feature, Measured):
        return lambda images, values: given(feature, images, values[:, None])
    if isinstance(feature, Component):
        return lambda images, values: _scaled(feature, images, values.to(images))
    if isinstance(feature, Region):
        return lambda images, values: _lit_region(feature, images, values)
    if isinstance(feature, Channel):
        return lambda images, values: _lit_channel(feature, images, values)
    return None


def given(feature: Measured, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Give images the values, of shape (n, k), as far as black and white allow."""
    return feature.given(images, values.to(images)).clamp(-1, 1)


def _scaled(component: Component, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    rest = component.rest(images)
    part, wanted = images - rest, values.view(-1, 1, 1, 1)
    low, high = torch.zeros_like(wanted), torch.full_like(wanted, _MOST)
    for _ in range(_BISECTIONS):  # a band is no projection, and black and white cut off
        factor = (low + high) / 2
        now = component.measure((rest + factor * part).clamp(-1, 1)).view(-1, 1, 1, 1)
        low, high = torch.where(now < wanted, factor, low), torch.where(now < wanted, high, factor)
    return (rest + (low + high) / 2 * part).clamp(-1, 1)


def _lit_region(region: Region, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    inside = region.mask((images.shape[-2], images.shape[-1])).to(images.device)
    changed = images.clone()
    changed[..., inside] = _lit(images[..., inside].unsqueeze(2), values).squeeze(2)
    return changed


def _lit_channel(channel: Channel, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    changed = images.clone()
    changed[:, [channel.number]] = _lit(images[:, [channel.number]], values)
    return changed


def _lit(images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return given(Brightness(), images, values[:, None])
