"""Does a method say the same again with another seed?"""

from itertools import combinations

import torch

from ganatomy.errors import InputError


def seed_stability(maps_by_seed: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Mean Spearman correlation over all pairs of seeds, for each image.

    Parameters
    ----------
    maps_by_seed : list of dict of str to Tensor of shape (n, ...)
        The same methods on the same images, once for each seed.

    Returns
    -------
    dict of str to Tensor of shape (n,), float32, in [-1, 1]
        1 is stable. NaN for an image where a map is constant or not finite.

    Raises
    ------
    InputError
        Fewer than two seeds, or methods that not every seed has.
    """
    if len(maps_by_seed) < 2:
        raise InputError(
            f"maps of {len(maps_by_seed)} seeds", "seed_stability", "Explain with two or more."
        )
    names = list(maps_by_seed[0])
    for found in maps_by_seed[1:]:
        if set(found) != set(names):
            raise InputError(
                f"one seed has maps {', '.join(names)}, another {', '.join(found)}",
                "seed_stability",
                "Give every method for every seed.",
            )
    return {
        name: torch.stack(
            [spearman(one[name], two[name]) for one, two in combinations(maps_by_seed, 2)]
        ).mean(0)
        for name in names
    }


def spearman(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    """Rank correlation over all but the first axis, ties at their mean rank.

    Parameters
    ----------
    one, two : Tensor of shape (n, ...)

    Returns
    -------
    Tensor of shape (n,), float32, on the CPU
        NaN where either is constant or not finite.
    """
    first, second = (_centred_ranks(part.detach().cpu().flatten(1)) for part in (one, two))
    lengths = first.norm(dim=1) * second.norm(dim=1)
    correlation: torch.Tensor = (first * second).sum(1) / lengths
    return correlation.float().clamp(-1, 1)


def _centred_ranks(values: torch.Tensor) -> torch.Tensor:
    """Ranks less their mean, zeros for a constant row and NaN for one that is not finite."""
    ordered, order = values.sort(1)
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    group = new.cumsum(1) - 1
    place = torch.arange(values.shape[1], dtype=torch.float64).expand(values.shape)
    sums, sizes = (
        torch.zeros(values.shape, dtype=torch.float64).scatter_add_(1, group, part)
        for part in (place, torch.ones_like(place))
    )
    mean_ranks = (sums / sizes.clamp_min(1)).gather(1, group)
    ranks = torch.empty_like(mean_ranks).scatter_(1, order, mean_ranks)
    ranks = ranks - (values.shape[1] - 1) / 2
    ranks[~values.isfinite().all(1)] = torch.nan
    return ranks
