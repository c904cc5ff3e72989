"""Do the fakes lie where reals are, and are reals where fakes are: balls around feature vectors.

A set's manifold is the union of balls, one around each of its rows, that reach to the row's k-th
nearest other row. Balls are open: what lies on the edge, to within rounding, is outside.
"""

from dataclasses import dataclass

import torch

from ganatomy.metrics.neighbours import kth_squared_distances, squared_distances


@dataclass(frozen=True)
class Manifold:
    """One number for each image; the mean over the images is the metric of that name.

    Precision and recall: Kynkaanniemi et al. 2019 (arXiv 1904.06991); density and coverage: Naeem
    et al. 2020 (arXiv 2002.09797), whose one outlier among the reals does not widen the manifold.

    Attributes
    ----------
    precision : Tensor of shape (n,), float64 in {0, 1}
        Of each fake: is it in the ball of any real?
    recall : Tensor of shape (m,), float64 in {0, 1}
        Of each real: is it in the ball of any fake?
    density : Tensor of shape (n,), float64 in [0, m / k]
        Of each fake: in the balls of how many reals, divided by k. The mean is about 1 for fakes
        of the reals' distribution, and may be more.
    coverage : Tensor of shape (m,), float64 in {0, 1}
        Of each real: is any fake in its ball?
    """

    precision: torch.Tensor
    recall: torch.Tensor
    density: torch.Tensor
    coverage: torch.Tensor


def compare_manifolds(
    fakes: torch.Tensor, reals: torch.Tensor, k: int = 5, *, chunk: int = 256
) -> Manifold:
    """Find which fakes are near reals and which reals near fakes.

    More than k equal rows have balls without an inside: a generator with one output has no recall,
    and reals that are all one image have no coverage.

    Parameters
    ----------
    fakes, reals : Tensor of shape (n, d) and (m, d)
    k : int
        At least 1 and less than n and m.
    chunk : int
        Rows of the distance matrix at a time; memory is O(chunk * max(n, m)).

    Returns
    -------
    Manifold
        On the CPU.

    Raises
    ------
    ValueError
        Different d, or k is not less than the number of rows.
    """
    if fakes.shape[1] != reals.shape[1] or not 1 <= k < min(len(fakes), len(reals)):
        raise ValueError(
            f"cannot compare feature sets of shape {fakes.shape} and {reals.shape}"
            f" by {k} nearest neighbours"
        )
    centre = reals.double().mean(0)
    fakes, reals = fakes.double() - centre, reals.double() - centre
    # of the matrix products: without it, whether a row on the edge is inside depends on `chunk`
    rounding = 1e-12 * torch.cat([fakes, reals]).square().sum(1).max()
    reach_of_fakes = kth_squared_distances(fakes, k, chunk) - rounding
    reach_of_reals = kth_squared_distances(reals, k, chunk) - rounding
    num_balls = []
    recall = torch.zeros(len(reals), dtype=torch.bool, device=reals.device)
    coverage = torch.zeros_like(recall)
    for part, reach in zip(fakes.split(chunk), reach_of_fakes.split(chunk)):
        distances = squared_distances(part, reals)
        inside = distances < reach_of_reals
        num_balls.append(inside.sum(1))
        coverage |= inside.any(0)
        recall |= (distances < reach.unsqueeze(1)).any(0)
    balls = torch.cat(num_balls).double().cpu()
    return Manifold((balls > 0).double(), recall.double().cpu(), balls / k, coverage.double().cpu())
