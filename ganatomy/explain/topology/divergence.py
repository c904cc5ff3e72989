"""Manifold Topology Divergence: what one cloud has between its points that another does not fill.

Barannikov, Trofimov et al. 2021 (NeurIPS, arXiv 2106.04024): distances within one cloud are set to
0, so that whatever loops are left begin where the other cloud leaves it and end where it is reached
again. Their lengths together are 0 where each point of the one lies on the other. A group that
stands quite apart makes no loop; it is seen by how far it is to go from the base to all points, the
length of the tree that joins them: the bars of groups, in the same cross-barcode.
"""

import torch

from ganatomy.explain.topology.homology import bars_of, distances_of


def cross_distances(points: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
    """Return the distances of both clouds together, those within `base` 0, shape (n + m, n + m)."""
    found = distances_of(torch.cat([points, base]))
    found[len(points) :, len(points) :] = 0
    return found


PARTS = ("groups", "loops")
"""Of a cross-barcode: its homology of degree 0, and that of degree 1, the published divergence."""


def divergence(points: torch.Tensor, base: torch.Tensor) -> tuple[float, float]:
    """Add up the bars of `points` over `base`, by `PARTS`.

    Parameters
    ----------
    points : Tensor of shape (n, d)
        What may leave `base`.
    base : Tensor of shape (m, d)

    Examples
    --------
    >>> cloud = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    >>> divergence(cloud[:20], cloud)
    (0.0, 0.0)
    """
    return _lengths(cross_distances(points, base))


def divergences(
    reals: torch.Tensor,
    fakes: torch.Tensor,
    *,
    num_points: int,
    num_base: int,
    num_trials: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """Measure both ways over random subsets: what G makes beyond the data, what it leaves out.

    Returns
    -------
    Tensor of shape (num_trials, 2, 2), float64
        Of generated images over real ones, and of real over generated ones; each by `PARTS`.
    """
    rows = []
    for _ in range(num_trials):
        mixed = [each[torch.randperm(len(each), generator=generator)] for each in (fakes, reals)]
        rows.append(
            [divergence(one[:num_points], other[:num_base]) for one, other in (mixed, mixed[::-1])]
        )
    return torch.tensor(rows, dtype=torch.float64)


def permuted(
    reals: torch.Tensor, fakes: torch.Tensor, *, num_permutations: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ask how often the divergences of images shuffled among both kinds are as large.

    Parameters
    ----------
    reals, fakes : Tensor of shape (n, d), as many of each
        All of the one are measured over all of the other.
    num_permutations : int
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (2, 2), Tensor of shape (2, 2)
        The divergences, of generated over real images and of real over generated ones, each by
        `PARTS`; their p-values, of which none is below 1 / (num_permutations + 1).
    """
    count = len(reals)
    pool = torch.cat([reals, fakes])
    distances = distances_of(pool)
    order = torch.arange(2 * count)
    observed = _both_ways(distances, order)
    beyond = torch.zeros(2, 2, dtype=torch.float64)
    for _ in range(num_permutations):
        order = torch.randperm(2 * count, generator=generator)
        beyond += _both_ways(distances, order) >= observed
    return observed, (beyond + 1) / (num_permutations + 1)


def _both_ways(distances: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    reals, fakes = order.split(len(order) // 2)
    lengths = [
        _lengths(_crossed(distances, one, other)) for one, other in ((fakes, reals), (reals, fakes))
    ]
    return torch.tensor(lengths, dtype=torch.float64)


def _crossed(distances: torch.Tensor, points: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
    places = torch.cat([points, base])
    found = distances[places[:, None], places]
    found[len(points) :, len(points) :] = 0
    return found


def _lengths(distances: torch.Tensor) -> tuple[float, float]:
    bars = bars_of(distances)
    return float(bars.groups.sum()), float((bars.loops[:, 1] - bars.loops[:, 0]).sum())
