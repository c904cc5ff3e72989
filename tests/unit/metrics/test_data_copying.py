"""C_T against scipy's Mann-Whitney test, cell by cell, and against its distribution."""

import numpy as np
import pytest
import torch
from scipy import stats

from ganatomy.metrics.data_copying import assign, data_copying, k_means
from ganatomy.metrics.nearness import ThreeSamples, three_samples


def _samples(
    num_fakes: int = 200,
    num_held_out: int = 120,
    seed: int = 0,
    scale: float = 1.0,
    copies: int = 0,
) -> ThreeSamples:
    """Points of a normal distribution; fakes may be wider, and some of them copies."""
    draw = torch.Generator().manual_seed(seed)
    train, held_out, fakes = (
        torch.randn(count, 3, generator=draw, dtype=torch.float64)
        for count in (300, num_held_out, num_fakes)
    )
    fakes *= scale
    fakes[:copies] = train[:copies]
    return three_samples(train, held_out, fakes)


@pytest.mark.parametrize("copies", [0, 60])  # copies are ties, at distance zero
@pytest.mark.parametrize("num_cells", [1, 4])
def test_each_cell_is_scipys_mann_whitney_test(num_cells: int, copies: int) -> None:
    samples = _samples(copies=copies)
    found = data_copying(samples, 0, num_cells, num_replicates=2)
    centres = k_means(samples.train, num_cells, 0)
    cells = [assign(points, centres) for points in (samples.held_out, samples.fakes)]
    expected, weights = [], []
    for row in found.cells.itertuples():
        real = samples.of_held_out.distance[cells[0] == row.cell].numpy()
        fake = samples.of_fakes.distance[cells[1] == row.cell].numpy()
        assert (row.num_held_out, row.num_fakes) == (len(real), len(fake))
        test = stats.mannwhitneyu(
            fake, real, alternative="less", method="asymptotic", use_continuity=False
        )
        assert stats.norm.cdf(row.z) == pytest.approx(test.pvalue, rel=1e-9)
        expected.append(stats.norm.ppf(test.pvalue))
        weights.append(len(real))
    assert len(expected) == num_cells
    assert found.c_t == pytest.approx(np.average(expected, weights=weights), rel=1e-7)
    assert found.cells["weight"].sum() == pytest.approx(1)


def test_one_cell_is_one_test() -> None:
    samples = _samples()
    found = data_copying(samples, 0, 1, num_replicates=2)
    real, fake = samples.of_held_out.distance.numpy(), samples.of_fakes.distance.numpy()
    test = stats.mannwhitneyu(fake, real, False, "less", method="asymptotic")
    assert found.p_value == pytest.approx(test.pvalue, rel=1e-6)


def test_cells_with_too_few_points_do_not_count() -> None:
    samples = _samples()
    every = data_copying(samples, 0, 5, min_points=1, num_replicates=2).cells
    least = int(every[["num_held_out", "num_fakes"]].min(axis=1).median()) + 1
    found = data_copying(samples, 0, 5, min_points=least, num_replicates=2)
    left_out = found.cells[["num_held_out", "num_fakes"]].min(axis=1) < least
    assert 0 < left_out.sum() < 5
    assert (found.cells["z"].isna() == left_out).all()
    assert ((found.cells["weight"] == 0) == left_out).all()
    kept = every[~left_out]
    assert found.c_t == pytest.approx(np.average(kept["z"], weights=kept["num_held_out"]))


def test_without_a_cell_that_counts_the_space_is_one_cell() -> None:
    samples = _samples(4, 3)
    found = data_copying(samples, 0, 3)
    assert len(found.cells) == 1
    assert found.c_t == data_copying(samples, 0, 1, min_points=1).c_t


def test_p_values_of_honest_fakes_are_uniform() -> None:
    values = [
        data_copying(_samples(80, 80, seed), seed, 3, num_replicates=2).p_value
        for seed in range(120)
    ]
    assert stats.kstest(values, "uniform").pvalue > 0.01


def test_sign_says_copying_or_underfitting() -> None:
    honest = data_copying(_samples(seed=3), 0)
    copying, far = data_copying(_samples(copies=150, seed=3), 0), data_copying(_samples(scale=3), 0)
    assert copying.high < honest.low
    assert copying.p_value < 1e-6
    assert copying.low < copying.c_t < copying.high < -3
    assert far.low > 2
    assert far.p_value > 0.999


def test_interval_is_as_wide_as_the_spread_over_samples() -> None:
    found = [data_copying(_samples(seed=seed), seed, 2, num_replicates=60) for seed in range(60)]
    width = np.mean([(one.high - one.low) / (2 * 1.96) for one in found])
    assert width == pytest.approx(np.std([one.c_t for one in found]), rel=0.3)


def test_cells_are_clusters_whatever_ran_before() -> None:
    draw = torch.Generator().manual_seed(0)
    corners = torch.tensor([[0.0, 0], [9, 0], [0, 9]], dtype=torch.float64)
    points = corners.repeat(40, 1) + 0.1 * torch.randn(120, 2, generator=draw).double()
    torch.manual_seed(1)
    centres = k_means(points, 2, 1)
    inertia = (points - centres[assign(points, centres)]).square().sum()
    assert float(inertia) < 0.5 * float((points - points.mean(0)).square().sum())
    means = torch.stack([points[assign(points, centres) == k].mean(0) for k in range(2)])
    torch.testing.assert_close(means, centres)
    torch.manual_seed(2)
    assert torch.equal(k_means(points, 2, 1), centres)
