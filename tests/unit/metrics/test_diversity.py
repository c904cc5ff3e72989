"""Diversity against pairs counted one by one."""

import math

import pytest
import torch

from ganatomy.metrics.diversity import diversity


def _uint8(*shape: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=draw, dtype=torch.uint8)


def _by_definition(images: torch.Tensor) -> float:
    rows = images.flatten(1).double().tolist()
    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[:i]]
    return sum(math.dist(a, b) for a, b in pairs) / len(pairs)


def test_diversity_is_the_ratio_of_mean_pairwise_distances() -> None:
    images, reference = _uint8(7, 3, 4, 4), _uint8(5, 3, 4, 4, seed=1) // 2
    expected = _by_definition(images) / _by_definition(reference)
    assert expected > 1.5
    assert diversity(images, reference) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("amplitude", [1, 2, 128])
def test_diversity_of_almost_equal_images(amplitude: int) -> None:
    """Two groups of four that differ in one pixel: 16 of the 28 pairs are apart."""
    images = torch.full((8, 1, 28, 28), 127, dtype=torch.uint8)
    images[4:, 0, 3, 3] += amplitude
    reference = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
    reference[1, 0, 0, 0] = 100
    assert diversity(images, reference) == pytest.approx(amplitude / 100 * 16 / 28, rel=1e-12)


def test_diversity_of_equal_images() -> None:
    reference, equal = _uint8(4, 1, 4, 4), _uint8(1, 1, 4, 4).expand(6, 1, 4, 4)
    assert diversity(equal, reference) == 0
    assert diversity(reference, reference) == 1
    assert diversity(reference, equal) == 1


@pytest.mark.parametrize("counts", [(1, 5), (5, 1), (0, 0)])
def test_diversity_needs_pairs(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no pairs"):
        diversity(*(torch.zeros(count, 1, 2, 2, dtype=torch.uint8) for count in counts))
