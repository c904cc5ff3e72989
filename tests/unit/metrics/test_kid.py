"""The kernel distance against its definition, closed forms and two peers."""

import itertools

import pytest
import torch
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric
from torchmetrics.image.kid import poly_mmd

from ganatomy.metrics.kid import kernel_distance, weighted_kernel_distances


def _rows(count: int, width: int, seed: int, mean: float = 0.0, sd: float = 1.0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=draw, dtype=torch.float64) * sd + mean


def _by_definition(
    first: list[list[float]], second: list[list[float]], one: list[int], two: list[int]
) -> float:
    """Loops over pairs of rows that are not the same row, each as often as the counts say."""

    def kernel(x: list[float], y: list[float]) -> float:
        return float((sum(a * b for a, b in zip(x, y)) / len(x) + 1) ** 3)

    def mean(pairs: list[tuple[float, int]]) -> float:
        return sum(value * times for value, times in pairs) / sum(times for _, times in pairs)

    def within(rows: list[list[float]], counts: list[int]) -> float:
        pairs = itertools.permutations(range(len(rows)), 2)
        return mean([(kernel(rows[i], rows[j]), counts[i] * counts[j]) for i, j in pairs])

    crossed = itertools.product(range(len(first)), range(len(second)))
    between = mean([(kernel(first[i], second[j]), one[i] * two[j]) for i, j in crossed])
    return within(first, one) + within(second, two) - 2 * between


@pytest.mark.parametrize("width", [3, 64])
def test_agrees_with_torch_fidelity_and_torchmetrics(width: int) -> None:
    first, second = _rows(90, width, 0), _rows(90, width, 1, 0.2, 1.5)
    found = kernel_distance(first, second)
    peer = kid_features_to_metric(
        first, second, kid_subsets=1, kid_subset_size=90, rng_seed=0, verbose=False
    )
    assert found == pytest.approx(peer[KEY_METRIC_KID_MEAN], rel=1e-9)
    assert found == pytest.approx(float(poly_mmd(first, second)), rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(9, 14), (2, 5), (12, 2)])
def test_unequal_sets_against_the_definition(n: int, m: int) -> None:
    first, second = _rows(n, 4, 0), _rows(m, 4, 1, 1.0)
    expected = _by_definition(first.tolist(), second.tolist(), [1] * n, [1] * m)
    assert kernel_distance(first, second) == pytest.approx(expected, rel=1e-10)
    assert kernel_distance(second, first) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("chunk", [1, 7, 512])
def test_replicates_leave_out_pairs_of_copies(chunk: int) -> None:
    first, second = _rows(10, 4, 0), _rows(13, 4, 1, 1.0)
    one = [[0, 2, 1, 0, 3, 1, 1, 0, 2, 0], [1] * 10]
    two = [[1, 0, 4, 0, 0, 1, 1, 2, 0, 3, 0, 1, 0], [1] * 13]
    counts = torch.tensor(one).double(), torch.tensor(two).double()
    found = weighted_kernel_distances(first, second, *counts, chunk=chunk)
    expected = [_by_definition(first.tolist(), second.tolist(), a, b) for a, b in zip(one, two)]
    assert found.tolist() == pytest.approx(expected, rel=1e-10)


def test_a_constant_kernel_is_zero_whatever_the_counts() -> None:
    draw = torch.Generator().manual_seed(0)
    counts = torch.randint(0, 4, (20, 30), generator=draw).double()
    nothing = torch.zeros(30, 5, dtype=torch.float64)
    found = weighted_kernel_distances(nothing, nothing, counts, counts.flip(0))
    torch.testing.assert_close(found, torch.zeros(20, dtype=torch.float64), rtol=0, atol=1e-12)


def _expected_kernel(mean_1: torch.Tensor, sd_1: float, mean_2: torch.Tensor, sd_2: float) -> float:
    """E (x.y / d + 1)^3 for x, y from two spherical Gaussians: from their raw moments."""

    def raw(mean: torch.Tensor, sd: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        eye = torch.eye(len(mean), dtype=torch.float64) * sd**2
        mixed = torch.einsum("i,jk->ijk", mean, eye)
        third = torch.einsum("i,j,k->ijk", mean, mean, mean) + mixed
        third = third + mixed.permute(1, 0, 2) + mixed.permute(1, 2, 0)
        return mean, torch.outer(mean, mean) + eye, third

    powers = [float((a * b).sum()) for a, b in zip(raw(mean_1, sd_1), raw(mean_2, sd_2))]
    d = len(mean_1)
    return 1 + 3 * powers[0] / d + 3 * powers[1] / d**2 + powers[2] / d**3


@pytest.mark.parametrize("count", [5, 100])
def test_unbiased_for_gaussians_at_any_count(count: int) -> None:
    zero, mean = torch.zeros(4, dtype=torch.float64), torch.full((4,), 0.8, dtype=torch.float64)
    expected = (
        _expected_kernel(mean, 1.3, mean, 1.3)
        + _expected_kernel(zero, 1, zero, 1)
        - 2 * _expected_kernel(mean, 1.3, zero, 1)
    )
    found = torch.tensor(
        [
            kernel_distance(_rows(count, 4, seed, 0.8, 1.3), _rows(count, 4, seed + 10**6))
            for seed in range(60_000 // count // 15)
        ]
    )
    error = float(found.std()) / len(found) ** 0.5
    assert error < 0.15 * expected
    assert abs(float(found.mean()) - expected) < 3 * error


def test_on_either_side_of_zero_for_one_distribution() -> None:
    found = [kernel_distance(_rows(40, 8, 2 * s), _rows(40, 8, 2 * s + 1)) for s in range(60)]
    assert 20 < sum(value < 0 for value in found) < 52


def test_single_precision_is_computed_in_double() -> None:
    first, second = _rows(30, 8, 0).float(), _rows(20, 8, 1).float()
    expected = kernel_distance(first.double(), second.double())
    assert kernel_distance(first, second) == expected


@pytest.mark.parametrize(
    ("first", "second"), [((1, 3), (5, 3)), ((5, 3), (1, 3)), ((0, 3), (5, 3)), ((5, 3), (5, 4))]
)
def test_sets_that_cannot_be_compared(first: tuple[int, int], second: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot compare feature sets"):
        kernel_distance(torch.zeros(first), torch.zeros(second))
