"""Distances to training points against scikit-learn's, with copies and duplicates."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from ganatomy.errors import InputError
from ganatomy.metrics.nearness import nearness, three_samples


def _points(count: int, width: int, seed: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize(("points", "train", "width"), [(30, 50, 4), (1, 2, 1), (600, 600, 3)])
def test_agrees_with_scikit_learn(points: int, train: int, width: int) -> None:
    shown, queries = _points(train, width, 0), _points(points, width, 1)
    found = nearness(queries, shown)
    search = NearestNeighbors(algorithm="brute").fit(shown.numpy())
    distance, index = search.kneighbors(queries.numpy(), 1)
    np.testing.assert_array_equal(found.index, index[:, 0])
    np.testing.assert_allclose(found.distance, distance[:, 0], rtol=1e-9)
    spacing = search.kneighbors(shown.numpy(), 2)[0][:, 1]
    np.testing.assert_allclose(found.spacing, spacing[index[:, 0]], rtol=1e-9)
    np.testing.assert_allclose(found.relative, distance[:, 0] / spacing[index[:, 0]], rtol=1e-9)


def test_a_duplicate_in_the_training_set_is_the_same_point() -> None:
    """Places 0, 0 and 3 on a line: the neighbour of 0 is 3, at 1 and at a rounding error's."""
    for train in ([[1.0], [1.0], [4.0]], [[1.0], [1.0000001], [4.0]]):
        found = nearness(torch.tensor([[2.0], [1.0]]).double(), torch.tensor(train).double())
        assert found.distance.tolist() == pytest.approx([1, 0], abs=1e-6)
        assert found.spacing.tolist() == pytest.approx([3, 3], rel=1e-6)


def test_what_differs_by_rounding_is_a_copy() -> None:
    train = _points(40, 8, 0) + 5
    found = nearness(train.float().double() * (1 + 1e-7), train)
    assert found.distance.tolist() == [0.0] * 40


@pytest.mark.parametrize(
    ("train", "held_out", "fakes", "where"),
    [
        (torch.zeros(5, 2), torch.zeros(3, 2), torch.zeros(3, 2), "train"),
        (torch.eye(3), torch.zeros(0, 3), torch.zeros(3, 3), "held_out"),
        (torch.eye(3), torch.zeros(1, 3), torch.zeros(3, 2), "fakes"),
        (torch.eye(3), torch.zeros(1, 3), torch.full((3, 3), torch.nan), "fakes"),
        (torch.eye(3)[:0], torch.zeros(1, 3), torch.zeros(3, 3), "train"),
        (torch.ones(4), torch.zeros(1, 3), torch.zeros(3, 3), "train"),
    ],
)
def test_what_cannot_be_compared(
    train: torch.Tensor, held_out: torch.Tensor, fakes: torch.Tensor, where: str
) -> None:
    with pytest.raises(InputError) as caught:
        three_samples(train, held_out, fakes)
    assert caught.value.where == where
