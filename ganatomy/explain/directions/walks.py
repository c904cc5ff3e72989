"""Images along a direction: how far they change, and what that changes."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.explain.networks.batching import outputs_of
from ganatomy.statistics import Array, half_width

STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""In standard deviations of the latents."""
_MIDDLE = STEPS.index(0.0)


def moved(
    generator: nn.Module, z: torch.Tensor, direction: torch.Tensor, step: float
) -> torch.Tensor:
    """Return the images of latents moved along a direction; class entries stay as they are.

    The direction is one for all, of shape (latent_dim,), or one for each, (n, latent_dim).
    All latents go in one batch, so that a generator which draws noise draws the same at each step.
    """
    latents = z.clone()
    latents[:, : direction.shape[-1]] += step * direction.to(z)
    return outputs_of(generator, latents, batch_size=len(z))


def half_changes(generator: nn.Module, z: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Return half the difference of the images one step above and below, shape (n, c, h, w)."""
    return (moved(generator, z, direction, 1.0) - moved(generator, z, direction, -1.0)) / 2


def squared(changes: torch.Tensor) -> Array:
    """Average the squares over each image, shape (n,)."""
    sizes: Array = changes.double().square().flatten(1).mean(1).numpy()
    return sizes


def consistency(changes: torch.Tensor) -> float:
    """Say how alike a direction's changes are over latents: 1 where equal, about 0 by chance.

    The mean product of two latents' changes, over their mean square.
    """
    flat = changes.flatten(1).double()
    own, count = float(flat.square().sum()), len(flat)
    together = float(flat.sum(0).square().sum())
    return (together - own) / ((count - 1) * own) if own > 0 else 0.0


@dataclass(frozen=True)
class Ratio:
    """A figure with its 95 % interval, of ratios a jackknife over latents (Miller 1974)."""

    value: float
    low: float
    high: float


def ratio_of_means(above: Array, below: Array) -> Ratio:
    """Divide the mean of one by that of the other, both of shape (n,) of the same latents.

    Examples
    --------
    >>> import numpy as np
    >>> ratio_of_means(np.array([2.0, 4.0]), np.array([1.0, 2.0]))
    Ratio(value=2.0, low=2.0, high=2.0)
    """
    total = below.sum()
    if not total > 0:
        return Ratio(float("nan"), float("nan"), float("nan"))
    without = (above.sum() - above) / (total - below)
    found = jackknife(float(above.sum() / total), without)
    return Ratio(found.value, max(0.0, found.low), found.high)


def jackknife(value: float, without: Array) -> Ratio:
    """Put the interval around a figure that it has by what it is without each of n latents.

    Parameters
    ----------
    value : float
        Of all latents.
    without : array of shape (n,)
        Of all but one.
    """
    count = len(without)
    error = float(((count - 1) / count * ((without - without.mean()) ** 2).sum()) ** 0.5)
    half = float(half_width(error, count - 1))
    return Ratio(value, value - half, value + half)


def slopes(readings: torch.Tensor) -> torch.Tensor:
    """Fit a line over `STEPS` by least squares to each concept of each latent.

    Parameters
    ----------
    readings : Tensor of shape (steps, concepts, n)

    Returns
    -------
    Tensor of shape (concepts, n)
        What a concept gains with each standard deviation.
    """
    steps = torch.tensor(STEPS, dtype=readings.dtype)
    return torch.einsum("s,scn->cn", steps, readings) / steps.square().sum()


def monotone(readings: torch.Tensor, rising: torch.Tensor) -> torch.Tensor:
    """Count the share of latents in which a concept moves the same way at every step.

    Parameters
    ----------
    readings : Tensor of shape (steps, concepts, n)
    rising : Tensor of shape (concepts,), bool
        Which way.
    """
    gained = readings.diff(dim=0)
    gained = torch.where(rising[:, None], gained, -gained)
    return (gained > 0).all(0).double().mean(1)
