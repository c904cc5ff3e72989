"""Rank correlation and its mean over seeds, against scipy's."""

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.stability import seed_stability, spearman


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("decimals", [0, 1, 5])  # 0: hardly anything but ties
def test_correlation_is_scipys_with_ties_too(decimals: int) -> None:
    one = _random(4, 6, 7).mul(2).round(decimals=decimals)
    two = (one + _random(4, 6, 7, seed=1)).round(decimals=decimals)
    found = spearman(one, two)
    assert found.shape == (4,)
    for first, second, value in zip(one, two, found):
        expected = spearmanr(first.flatten(), second.flatten()).statistic
        assert float(value) == pytest.approx(expected, abs=1e-6)


def test_bounds_are_reached() -> None:
    maps = _random(2, 5, 5)
    torch.testing.assert_close(spearman(maps, maps.exp()), torch.ones(2))
    torch.testing.assert_close(spearman(maps, -maps), -torch.ones(2))


def test_stability_is_the_mean_over_pairs_of_seeds() -> None:
    base = _random(3, 5, 5)
    by_seed = [
        {"steady": base, "loose": base + 2 * _random(3, 5, 5, seed=seed)} for seed in (1, 2, 3)
    ]
    found = seed_stability(by_seed)
    torch.testing.assert_close(found["steady"], torch.ones(3))
    for index in range(3):
        each = [
            spearmanr(one["loose"][index].flatten(), two["loose"][index].flatten()).statistic
            for one, two in combinations(by_seed, 2)
        ]
        assert float(found["loose"][index]) == pytest.approx(np.mean(each), abs=1e-6)


def test_constant_and_broken_maps_measure_nothing() -> None:
    one, two = _random(3, 4, 4), _random(3, 4, 4, seed=1)
    one[0] = 0.5
    two[1, 2, 2] = torch.nan
    assert spearman(one, two).isnan().tolist() == [True, True, False]


@pytest.mark.parametrize("by_seed", [[], [{"a": torch.zeros(1, 2, 2)}]])
def test_one_seed_is_refused(by_seed: list[dict[str, torch.Tensor]]) -> None:
    with pytest.raises(InputError, match=f"maps of {len(by_seed)} seeds"):
        seed_stability(by_seed)


def test_methods_that_a_seed_lacks_are_named() -> None:
    maps = torch.zeros(1, 2, 2)
    with pytest.raises(InputError, match="has maps a, b, another a"):
        seed_stability([{"a": maps, "b": maps}, {"a": maps}])
