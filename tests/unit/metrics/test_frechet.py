"""The Frechet distance against closed forms and scipy's matrix root."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import linalg
from torch_fidelity.metric_fid import (
    KEY_METRIC_FID,
    fid_features_to_statistics,
    fid_statistics_to_metric,
)
from torchmetrics.image.fid import _compute_fid

from ganatomy.metrics.frechet import frechet_distance, frechet_of_moments, moments

Array = NDArray[np.float64]


def _exact(count: int, mean: Array, deviation: Array, seed: int = 0) -> torch.Tensor:
    """Rows whose sample mean and (diagonal) sample covariance are exactly these."""
    rows = np.random.default_rng(seed).normal(size=(count, len(mean)))
    rows -= rows.mean(0)
    root = linalg.cholesky(np.cov(rows.T), lower=True)
    rows = linalg.solve_triangular(root, rows.T, lower=True).T
    return torch.from_numpy(rows * deviation + mean)


def _by_definition(first: Array, second: Array) -> float:
    one, two = np.cov(first.T), np.cov(second.T)
    root = linalg.sqrtm(one @ two)
    shift = first.mean(0) - second.mean(0)
    return float(shift @ shift + np.trace(one + two - 2 * root.real))


def _rows(count: int, width: int, seed: int) -> Array:
    draw = np.random.default_rng(seed)
    mixed: Array = draw.normal(size=(count, width)) @ draw.normal(size=(width, width))
    return mixed + draw.normal(size=width)


def test_closed_form_of_diagonal_gaussians() -> None:
    mean_1, mean_2 = np.array([0.0, 3, -1, 2]), np.array([1.0, 3, 1, 2])
    sd_1, sd_2 = np.array([1.0, 2, 0.5, 3]), np.array([2.0, 2, 0.1, 1])
    expected = 1 + 4 + (1 + 0 + 0.16 + 4)
    found = frechet_distance(_exact(50, mean_1, sd_1, 1), _exact(70, mean_2, sd_2, 2))
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("width", [2, 7, 40])
def test_agrees_with_scipy(width: int) -> None:
    first, second = _rows(200, width, 0), _rows(150, width, 1)
    found = frechet_distance(torch.from_numpy(first), torch.from_numpy(second))
    assert found == pytest.approx(_by_definition(first, second), rel=1e-8)


@pytest.mark.parametrize(("n", "m", "width"), [(200, 150, 40), (300, 300, 64)])
def test_agrees_with_torch_fidelity_and_torchmetrics(n: int, m: int, width: int) -> None:
    first, second = (torch.from_numpy(_rows(c, width, seed)) for seed, c in enumerate((n, m)))
    found = frechet_distance(first, second)
    statistics = [fid_features_to_statistics(rows) for rows in (first, second)]
    assert found == pytest.approx(
        fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID], rel=1e-8
    )
    means_and_covariances = [t for x in (first, second) for t in (x.mean(0), torch.cov(x.T))]
    assert found == pytest.approx(float(_compute_fid(*means_and_covariances)), rel=1e-8)


@pytest.mark.parametrize("width", [1, 6])
def test_counts_stand_for_repeated_rows(width: int) -> None:
    rows = torch.from_numpy(_rows(50, width, 0)) + 100
    counts = torch.arange(50) % 4
    repeated = rows.repeat_interleave(counts, 0)
    mean, covariance = moments(rows, counts.double())
    torch.testing.assert_close(mean, repeated.mean(0), rtol=1e-12, atol=0)
    expected = torch.from_numpy(np.atleast_2d(np.cov(repeated.numpy().T)))
    torch.testing.assert_close(covariance, expected, rtol=1e-10, atol=1e-10)
    other = torch.from_numpy(_rows(30, width, 1))
    assert frechet_of_moments((mean, covariance), moments(other)) == pytest.approx(
        _by_definition(repeated.numpy(), other.numpy())
        if width > 1
        else float((mean - other.mean()) ** 2 + (repeated.std() - other.std()) ** 2),
        rel=1e-8,
    )


def test_singular_covariances() -> None:
    """Fewer rows than columns: scipy's root loses half the digits there."""
    first, second = _rows(8, 20, 0), _rows(12, 20, 1)
    found = frechet_distance(torch.from_numpy(first), torch.from_numpy(second))
    expected = _by_definition(first, second)
    assert expected > 1
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_direction_that_only_one_set_has() -> None:
    flat = _exact(50, np.zeros(2), np.array([1.0, 0.0]))
    round_ = _exact(50, np.zeros(2), np.array([1.0, 1.0]), 1)
    assert frechet_distance(flat, round_) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("count", [8, 100])
def test_symmetric(count: int) -> None:
    first, second = (torch.from_numpy(_rows(count, 20, seed)) for seed in (0, 1))
    there, back = frechet_distance(first, second), frechet_distance(second, first)
    assert there == pytest.approx(back, rel=1e-6)
    assert there > 1


@pytest.mark.parametrize("count", [8, 100])
def test_zero_on_equal_sets_in_any_order(count: int) -> None:
    rows = torch.from_numpy(_rows(count, 20, 0))
    scale = float(rows.var(0).sum())
    assert 0 <= frechet_distance(rows, rows) < 1e-6 * scale
    assert 0 <= frechet_distance(rows, rows.flip(0)) < 1e-6 * scale


def test_only_the_difference_of_means_matters() -> None:
    first, second = (torch.from_numpy(_rows(60, 5, seed)) for seed in (0, 1))
    plain = frechet_distance(first, second)
    assert frechet_distance(first + 100, second + 100) == pytest.approx(plain, rel=1e-6)
    shifted = frechet_distance(first, first + torch.tensor([3.0, 0, 0, 4, 0]))
    assert shifted == pytest.approx(25, rel=1e-9)


def test_one_column() -> None:
    first, second = _exact(30, np.array([1.0]), np.array([2.0])), torch.tensor([[0.0], [2.0]])
    assert frechet_distance(first, second) == pytest.approx((2 - 2**0.5) ** 2, rel=1e-9)


def test_single_precision_is_computed_in_double() -> None:
    first, second = (torch.from_numpy(_rows(60, 5, seed)).float() for seed in (0, 1))
    expected = _by_definition(first.double().numpy(), second.double().numpy())
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second"), [((1, 3), (5, 3)), ((5, 3), (1, 3)), ((0, 3), (5, 3)), ((5, 3), (5, 4))]
)
def test_sets_that_cannot_be_compared(first: tuple[int, int], second: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot compare feature sets"):
        frechet_distance(torch.zeros(first), torch.zeros(second))
