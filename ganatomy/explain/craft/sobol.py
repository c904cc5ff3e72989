"""Total Sobol indices: what share of a function's variance vanishes without an input."""

from collections.abc import Callable

import torch
from scipy.stats.qmc import Sobol

from ganatomy.rng import derive_seed

_SEEDS = 2**32


def masks(count: int, draws: int, seed: int) -> torch.Tensor:
    """Lay out the masks by which `total_indices` asks: (count + 1, draws, count), in [0, 1).

    The first are points of a scrambled Sobol sequence, the others the same with one entry from
    other points (Saltelli et al. 2010, Computer Physics Communications 181:259-270).

    Parameters
    ----------
    count : int
        Inputs.
    draws : int
        A power of two.
    seed : int
    """
    sequence = Sobol(2 * count, scramble=True, rng=derive_seed(seed, "sobol") % _SEEDS)
    points = torch.from_numpy(sequence.random(draws))
    first, second = points[:, :count], points[:, count:]
    layers = [first]
    for k in range(count):
        changed = first.clone()
        changed[:, k] = second[:, k]
        layers.append(changed)
    return torch.stack(layers)


def total_indices(
    score: Callable[[torch.Tensor], torch.Tensor], count: int, *, draws: int = 32, seed: int = 0
) -> torch.Tensor:
    """Estimate the total index of each input of a function of masks (Jansen 1999).

    Parameters
    ----------
    score : callable
        Masks of shape (m, count), in [0, 1), to Tensor of shape (m,).
    count : int
    draws : int
        A power of two; it asks for `draws` times `count` + 1 values.
    seed : int

    Returns
    -------
    Tensor of shape (count,), float64
        In [0, 1] as far as that is exact; NaN where the function is constant.

    Examples
    --------
    >>> total_indices(lambda mask: 3 * mask[:, 0] + mask[:, 1], 2, draws=1024).round(decimals=2)
    tensor([0.9000, 0.1000], dtype=torch.float64)
    """
    lost, variance = total_variances(score, count, draws=draws, seed=seed)
    return lost / variance


def total_variances(
    score: Callable[[torch.Tensor], torch.Tensor], count: int, *, draws: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Estimate what part of the variance hangs on each input, shape (count,), and all of it.

    Parameters are those of `total_indices`.
    """
    asked = masks(count, draws, seed)
    values = score(asked.flatten(0, 1)).double().view(count + 1, draws)
    own, changed = values[0], values[1:]
    return (own - changed).square().mean(1) / 2, values.var(correction=0)
