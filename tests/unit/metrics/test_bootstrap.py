"""Resampling is what it says, and intervals hold what they are to hold."""

import pytest
import torch

from ganatomy.metrics.bootstrap import recentred_interval, resample
from ganatomy.metrics.frechet import frechet_distance, frechet_of_moments, moments
from ganatomy.metrics.kid import kernel_distance, weighted_kernel_distances
from ganatomy.rng import generator


def test_counts_are_those_of_draws_with_replacement() -> None:
    counts = resample(50, 4000, generator(0, "test"))
    assert counts.dtype == torch.float64
    assert counts.shape == (4000, 50)
    assert torch.equal(counts.sum(1), torch.full((4000,), 50.0, dtype=torch.float64))
    assert float(counts.var()) == pytest.approx(1 - 1 / 50, rel=0.03)
    assert float((counts == 0).double().mean()) == pytest.approx((1 - 1 / 50) ** 50, rel=0.02)
    assert float(counts.mean(0).sub(1).abs().max()) < 0.07


def test_counts_come_from_the_generator_alone() -> None:
    first = resample(20, 3, generator(0, "test"))
    torch.manual_seed(123)
    assert torch.equal(resample(20, 3, generator(0, "test")), first)
    assert not torch.equal(resample(20, 3, generator(1, "test")), first)


def test_quantiles_are_moved_onto_the_value() -> None:
    replicates = torch.arange(101).double() ** 2
    shift = 7 - float(replicates.mean())
    low, high = recentred_interval(7, replicates, level=0.9)
    assert low == pytest.approx(25 + shift)
    assert high == pytest.approx(95**2 + shift)


@pytest.mark.parametrize(
    ("least", "most", "expected"), [(0, 1, (0, 1)), (-1, 0.5, (-0.9, 0.5)), (-5, 5, (-0.9, 1.9))]
)
def test_stays_in_range(least: float, most: float, expected: tuple[float, float]) -> None:
    replicates = torch.linspace(0, 1, 101, dtype=torch.float64) * 3.5
    found = recentred_interval(0.5, replicates, least, most=most, level=0.8)
    assert found == pytest.approx(expected)


def _gaussian(count: int, mean: float, draw: torch.Generator) -> torch.Tensor:
    return torch.randn(count, 8, generator=draw, dtype=torch.float64) + mean


@pytest.mark.parametrize("mean", [0.0, 0.3, 1.0])
def test_intervals_hold_what_is_expected_of_sets_of_that_size(mean: float) -> None:
    """Of 40 trials nearly all; plain quantiles miss where sets of 500 rows are biased upwards."""
    draw = generator(0, "coverage", str(mean))
    trials: dict[str, list[tuple[float, torch.Tensor]]] = {"frechet": [], "kernel": []}
    for _ in range(40):
        first, second = _gaussian(500, mean, draw), _gaussian(500, 0, draw)
        counts = resample(500, 60, draw), resample(500, 60, draw)
        replicates = [
            frechet_of_moments(moments(first, one), moments(second, two))
            for one, two in zip(*counts)
        ]
        trials["frechet"].append((frechet_distance(first, second), torch.tensor(replicates)))
        trials["kernel"].append(
            (kernel_distance(first, second), weighted_kernel_distances(first, second, *counts))
        )
    again = [(_gaussian(500, mean, draw), _gaussian(500, 0, draw)) for _ in range(200)]
    expected = {
        "frechet": sum(frechet_distance(*pair) for pair in again) / len(again),
        "kernel": sum(kernel_distance(*pair) for pair in again[:60]) / 60 if mean else 0.0,
    }
    assert expected["frechet"] == pytest.approx(8 * mean**2 + 0.1, abs=0.08)
    for name, found in trials.items():
        intervals = [recentred_interval(*trial) for trial in found]
        held = sum(low <= expected[name] <= high for low, high in intervals) / len(found)
        assert 0.88 <= held <= 1, name
    if mean == 0:
        plain = [replicates.quantile(0.025) for _, replicates in trials["frechet"]]
        assert sum(expected["frechet"] >= low for low in plain) < 10
