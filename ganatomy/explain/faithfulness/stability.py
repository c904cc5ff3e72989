"""Does a method say the same again with another seed?"""

from itertools import combinations

import torch

from ganatomy.errors import InputError
from ganatomy.statistics import rank_correlation


def seed_stability(maps_by_seed: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Average the Spearman correlation over all pairs of seeds, for each image.

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
    for maps in maps_by_seed[1:]:
        if set(maps) != set(names):
            raise InputError(
                f"one seed has maps {', '.join(names)}, another {', '.join(maps)}",
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
    """Correlate the ranks over all but the first axis, ties at their mean rank.

    Parameters
    ----------
    one, two : Tensor of shape (n, ...)

    Returns
    -------
    Tensor of shape (n,), float32, on the CPU
        NaN where either is constant or not finite.
    """
    first, second = (part.detach().cpu().flatten(1).numpy() for part in (one, two))
    return torch.from_numpy(rank_correlation(first, second)).float()
