"""Are two sets of images of one kind? And how far would a difference move with other images?"""

from collections.abc import Callable

import numpy as np
import torch

from ganatomy.rng import generator
from ganatomy.statistics import Array

NUM_HALVES = 100
NUM_PERMUTATIONS = 500


def halves(count: int, draw: torch.Generator) -> torch.Tensor:
    """Draw a random half of `count` rows, shape (count // 2,)."""
    return torch.randperm(count, generator=draw)[: count // 2]


def spread_over_halves(
    measure: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], dict[str, float]],
    counts: tuple[int, int, int],
    *,
    paired: bool,
    seed: int,
    num_halves: int = NUM_HALVES,
) -> dict[str, Array]:
    """Measure random halves of the images: the delete-half jackknife (Shao & Wu 1989).

    The standard deviation over halves estimates that of the measurement of all images: a half has
    twice the variance of the whole, and shares half of it with every other. Unlike a bootstrap no
    image is there twice, which moves Fréchet distances and nearest neighbours; and neighbours are
    sought anew in each half.

    Parameters
    ----------
    measure : callable
        Called with the rows of real images, of A's and of B's; gives numbers by name.
    counts : (int, int, int)
        How many real images there are, how many of A and of B.
    paired : bool
        The images of A and B belong together in pairs (they have the same latents): a half has the
        same rows of both.
    seed, num_halves : int

    Returns
    -------
    dict of str to array of shape (num_halves,)
    """
    draw = generator(seed, "two samples", "halves")
    measured = []
    for _ in range(num_halves):
        of_reals, of_a, of_b = (halves(count, draw) for count in counts)
        measured.append(measure(of_reals, of_a, of_a if paired else of_b))
    return {name: np.array([each[name] for each in measured]) for name in measured[0]}


def kernel_test(
    first: torch.Tensor,
    second: torch.Tensor,
    *,
    paired: bool = False,
    seed: int = 0,
    num_permutations: int = NUM_PERMUTATIONS,
) -> float:
    """Return the chance that two sets of one distribution are so far apart: a permutation test.

    The distance is the kernel distance of `kernel_distance` (Gretton et al. 2012, section 4.3 for
    its permutations). Exact whatever the distribution.

    Parameters
    ----------
    first, second : Tensor of shape (n, d) and (m, d)
    paired : bool
        Row i of both belong together (n equals m): only the two of a pair change places.
    seed, num_permutations : int

    Returns
    -------
    float in [1 / (num_permutations + 1), 1]
    """
    n, m = len(first), len(second)
    rows = torch.cat([first, second]).double()
    kernel = (rows @ rows.T / rows.shape[1] + 1).pow_(3).fill_diagonal_(0)
    draw = generator(seed, "two samples", "permutations")
    is_first = torch.zeros(n + m, num_permutations + 1, dtype=torch.float64)
    is_first[:n, 0] = 1  # as they are
    for column in range(1, num_permutations + 1):
        if paired:
            swapped = torch.randint(2, (n,), generator=draw, dtype=torch.float64)
            is_first[:, column] = torch.cat([1 - swapped, swapped])
        else:
            is_first[torch.randperm(n + m, generator=draw)[:n], column] = 1
    to_first = kernel @ is_first
    within = (is_first * to_first).sum(0)
    between = ((1 - is_first) * to_first).sum(0)
    within_second = kernel.sum() - within - 2 * between
    distance = within / (n * (n - 1)) + within_second / (m * (m - 1)) - 2 * between / (n * m)
    slack = 1e-9 * float(distance.abs().max())  # equal up to rounding is equal
    return float((distance >= distance[0] - slack).double().mean())
