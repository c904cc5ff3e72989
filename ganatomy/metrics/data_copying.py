"""C_T: are generated points nearer to the training points than held-out ones are?"""

from dataclasses import dataclass

import pandas as pd
import torch
from scipy.special import ndtr  # scipy.stats takes a second to import

from ganatomy.metrics.bootstrap import recentred_interval, resample
from ganatomy.metrics.nearness import ThreeSamples
from ganatomy.rng import generator


@dataclass(frozen=True)
class DataCopying:
    """The result of `data_copying`.

    Attributes
    ----------
    c_t : float
        In standard deviations of one cell's rank sum. Well below zero: fakes are nearer to the
        training points than held-out points are. Well above: farther, an underfitting generator.
    low, high : float
        Bootstrap interval of `c_t`.
    p_value : float
        Chance of a `c_t` this low or lower when fakes are drawn like held-out points.
    cells : DataFrame
        One row per cell: num_train, num_held_out, num_fakes, z (Mann-Whitney, with ties), weight
        (0, and z NaN, where there are too few points).
    """

    c_t: float
    low: float
    high: float
    p_value: float
    cells: pd.DataFrame


def data_copying(
    samples: ThreeSamples,
    seed: int,
    num_cells: int | None = None,
    *,
    min_points: int = 10,
    level: float = 0.95,
    num_replicates: int = 500,
) -> DataCopying:
    """Run the three-sample test of Meehan, Chaudhuri and Dasgupta 2020 (arXiv 2004.05675).

    The space is divided into cells by k-means on the training points; in each, held-out and
    generated points are compared by their distance to the nearest training point, and the cells'
    Mann-Whitney Z are averaged with the held-out points' shares as weights.

    Fakes that are smoother than images lie nearer to everything, held-out images included, so
    C_T << 0 alone does not prove copying: blurring held-out digits by 0.7 pixels gives -3.

    Parameters
    ----------
    samples : ThreeSamples
    seed : int
        Of the cells and of the bootstrap, which draws held-out and generated points anew.
    num_cells : int, optional
        By default one for each 50 held-out points, at most 20.
    min_points : int
        A cell needs as many held-out and as many generated points to count. Where none has, the
        whole space is the one cell.
    level : float in (0, 1)
    num_replicates : int
    """
    wanted = num_cells or max(1, min(20, len(samples.held_out) // 50))
    centres = k_means(samples.train, min(wanted, len(samples.train)), seed)
    table = _table(samples, centres)
    enough = (table["num_held_out"] >= min_points) & (table["num_fakes"] >= min_points)
    if not enough.any():
        centres = centres[:1]
        table = _table(samples, centres)
        enough = table["num_held_out"] > 0
    test = _CellTest(
        samples.of_held_out.distance,
        samples.of_fakes.distance,
        assign(samples.held_out, centres),
        assign(samples.fakes, centres),
        torch.from_numpy(enough.to_numpy(copy=True)),
    )
    num_held_out, num_fakes = len(samples.held_out), len(samples.fakes)
    z, weight = test.statistics(
        torch.ones(num_held_out, dtype=torch.float64), torch.ones(num_fakes, dtype=torch.float64)
    )
    c_t = float(z @ weight)
    draw = generator(seed, "data-copying", "bootstrap")
    replicates = torch.empty(num_replicates, dtype=torch.float64)
    for index in range(num_replicates):
        again, weight_again = test.statistics(
            resample(num_held_out, 1, draw)[0], resample(num_fakes, 1, draw)[0]
        )
        replicates[index] = again @ weight_again
    low, high = recentred_interval(c_t, replicates, level=level)
    table["z"] = z.where(test.enough, torch.nan).numpy()
    table["weight"] = weight.numpy()
    # given the cells, the Z are independent and standard normal when nothing is copied
    deviation = float(weight.square().sum().sqrt())
    return DataCopying(c_t, low, high, float(ndtr(c_t / deviation)), table)


class _CellTest:
    """Mann-Whitney tests in all cells at once, of points that may count several times.

    Ranks do not change when points are drawn anew, only how often each counts: so everything that
    needs sorting is found once.
    """

    def __init__(
        self,
        held_out: torch.Tensor,
        fakes: torch.Tensor,
        held_out_cell: torch.Tensor,
        fake_cell: torch.Tensor,
        enough: torch.Tensor,
    ) -> None:
        self.enough, self._held_out_cell, self._fake_cell = enough, held_out_cell, fake_cell
        pooled = torch.cat([held_out, fakes])
        ranks = pooled.unique(return_inverse=True)[1]
        # cell first, then distance: fakes are compared with held-out points of their own cell only
        keys = torch.cat([held_out_cell, fake_cell]) * len(pooled) + ranks
        ordered, self._order = keys[: len(held_out)].sort()
        own = keys[len(held_out) :].contiguous()
        self._start = torch.searchsorted(ordered, fake_cell * len(pooled))
        self._below = torch.searchsorted(ordered, own, right=False)
        self._not_above = torch.searchsorted(ordered, own, right=True)
        values, ties = keys.unique(return_counts=True)
        ties = ties.double()
        tied = self._per_cell(values // len(pooled), ties**3 - ties)
        total = self._per_cell(values // len(pooled), ties)
        self._untied = 1 - tied / (total**3 - total).clamp(min=1)

    def statistics(
        self, held_out: torch.Tensor, fakes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(z, weight) of each cell; arguments say how often each point counts."""
        passed = torch.cat([held_out.new_zeros(1), held_out[self._order].cumsum(0)])
        wins = (passed[self._below] + passed[self._not_above]) / 2 - passed[self._start]
        n = self._per_cell(self._held_out_cell, held_out)
        m = self._per_cell(self._fake_cell, fakes)
        surplus = self._per_cell(self._fake_cell, wins * fakes) - m * n / 2
        variance = m * n * (m + n + 1) / 12 * self._untied
        z = torch.where(variance > 1e-9, surplus / variance.clamp(min=1e-9).sqrt(), 0.0)
        weight = n * self.enough
        return z, weight / weight.sum().clamp(min=1)

    def _per_cell(self, cell: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return torch.bincount(cell, weights=values, minlength=len(self.enough))


def k_means(
    points: torch.Tensor, num_cells: int, seed: int, *, max_rounds: int = 50
) -> torch.Tensor:
    """Find the centres of cells by Lloyd's algorithm from randomly chosen points.

    Parameters
    ----------
    points : Tensor of shape (n, d), float64
    num_cells : int, at most n

    Returns
    -------
    Tensor of shape (num_cells, d)
    """
    draw = generator(seed, "data-copying", "cells")
    centres = points[torch.randperm(len(points), generator=draw)[:num_cells]]
    for _ in range(max_rounds):
        cell = assign(points, centres)
        counts = torch.bincount(cell, minlength=num_cells)[:, None]
        sums = torch.zeros_like(centres).index_add_(0, cell, points)
        moved = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres


def assign(points: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Return the nearest centre of each point: shape (n,), int64."""
    return torch.cat([torch.cdist(part, centres).argmin(1) for part in points.split(4096)])


def _table(samples: ThreeSamples, centres: torch.Tensor) -> pd.DataFrame:
    counts = {
        f"num_{name}": torch.bincount(assign(points, centres), minlength=len(centres)).numpy()
        for name, points in (
            ("train", samples.train),
            ("held_out", samples.held_out),
            ("fakes", samples.fakes),
        )
    }
    return pd.DataFrame({"cell": range(len(centres)), **counts})
