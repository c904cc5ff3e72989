"""How far a difference moves with other images, and whether two sets are of one kind."""

from itertools import combinations

import numpy as np
import pytest
import torch

from ganatomy.importance.two_samples import kernel_test, spread_over_halves
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.kid import kernel_distance


def _draw(seed: int, count: int, shift: float = 0.0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, generator=draw, dtype=torch.float64) + shift


def test_the_spread_of_a_mean_is_its_standard_error() -> None:
    rows = _draw(0, 400)[:, 0]

    def measure(_: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> dict[str, float]:
        return {"a": float(rows[a].mean()), "b": float(rows[b].mean())}

    count = (400, 400, 400)
    own = spread_over_halves(measure, count, paired=False, seed=0, num_halves=2000)
    error = float(rows.std()) / 20
    assert own["a"].std() == pytest.approx(error, rel=0.06)
    assert (own["b"] - own["a"]).std() == pytest.approx(error * 2**0.5, rel=0.06)
    paired = spread_over_halves(measure, count, paired=True, seed=0, num_halves=50)
    assert (paired["a"] == paired["b"]).all()


def test_the_spread_of_a_frechet_distance_is_that_of_new_sets() -> None:
    """Of sets of the same size, drawn anew: what the halves are to tell."""
    fresh = [
        frechet_distance(_draw(2 * k, 200, 0.5), _draw(2 * k + 1, 200)) for k in range(10, 410)
    ]
    told = []
    for seed in range(6):
        fakes, reals = _draw(seed, 200, 0.5), _draw(1000 + seed, 200)

        def measure(of_reals: torch.Tensor, a: torch.Tensor, _: torch.Tensor) -> dict[str, float]:
            return {"a": frechet_distance(fakes[a], reals[of_reals])}  # noqa: B023

        halves = spread_over_halves(measure, (200, 200, 200), paired=False, seed=seed)
        told.append(halves["a"].std(ddof=1))
    assert np.mean(told) == pytest.approx(np.std(fresh), rel=0.2)


def test_the_chance_is_that_over_all_ways_to_divide() -> None:
    first, second = _draw(0, 4), _draw(1, 4, 1.0)
    rows = torch.cat([first, second])
    distances = []
    for chosen in combinations(range(8), 4):
        others = [row for row in range(8) if row not in chosen]
        distances.append(kernel_distance(rows[list(chosen)], rows[others]))
    exact = np.mean(np.array(distances) >= kernel_distance(first, second) - 1e-12)
    found = kernel_test(first, second, num_permutations=20_000)
    assert found == pytest.approx(exact, abs=0.02)
    assert 0.02 < exact < 0.9


def test_sets_of_one_distribution_are_seldom_told_apart_and_others_are() -> None:
    chances = np.array(
        [
            kernel_test(_draw(k, 30), _draw(k + 500, 30), seed=k, num_permutations=99)
            for k in range(300)
        ]
    )
    assert 0.02 < np.mean(chances <= 0.05) < 0.09
    assert 0.42 < np.mean(chances <= 0.5) < 0.58
    apart = [kernel_test(_draw(k, 30), _draw(k + 500, 30, 1.0), seed=k) for k in range(20)]
    assert max(apart) < 0.05


def test_pairs_that_belong_together_show_a_smaller_difference() -> None:
    """What both share is no noise; unpaired, it would hide the difference."""
    shared = 3 * _draw(0, 60)
    first, second = shared + 0.1 * _draw(1, 60), shared + 0.1 * _draw(2, 60, 1.5)
    assert kernel_test(first, second, paired=True) < 0.01 < kernel_test(first, second)
    alike = shared + 0.1 * _draw(3, 60)
    assert kernel_test(first, alike, paired=True) > 0.05
