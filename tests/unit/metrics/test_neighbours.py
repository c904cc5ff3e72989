"""Nearest neighbours against scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from ganatomy.metrics.neighbours import kth_squared_distances, nearest, squared_distances


def _rows(count: int, width: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize("chunk", [1, 7, 512])
@pytest.mark.parametrize(("count", "width"), [(40, 16), (3, 1), (1, 5)])
def test_nearest_agrees_with_scikit_learn(count: int, width: int, chunk: int) -> None:
    queries, references = _rows(count, width), _rows(60, width, 1)
    distances, indices = nearest(queries, references, chunk)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(references.numpy())
    expected, positions = search.kneighbors(queries.numpy())
    np.testing.assert_array_equal(indices, positions[:, 0])
    np.testing.assert_allclose(distances, expected[:, 0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("offset", [0, 1e4])
def test_a_copy_is_at_distance_zero_exactly(offset: float, dtype: torch.dtype) -> None:
    references = (_rows(50, 8) + offset).to(dtype)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    distances, indices = nearest(references[order], references)
    assert torch.equal(indices, order)
    assert distances.dtype == torch.float64
    assert torch.equal(distances, torch.zeros(50, dtype=torch.float64))


@pytest.mark.parametrize("chunk", [1, 7, 512])
@pytest.mark.parametrize("k", [1, 5, 39])
def test_kth_neighbour_agrees_with_scikit_learn(k: int, chunk: int) -> None:
    rows = _rows(40, 6)
    search = NearestNeighbors(algorithm="brute").fit(rows.numpy())
    expected = search.kneighbors(n_neighbors=k)[0][:, -1]
    np.testing.assert_allclose(kth_squared_distances(rows, k, chunk).sqrt(), expected, rtol=1e-9)


def test_an_equal_row_is_another_row() -> None:
    rows = torch.tensor([[0.0], [0.0], [3.0]], dtype=torch.float64)
    assert kth_squared_distances(rows, 1).tolist() == [0, 0, 9]
    assert kth_squared_distances(rows, 2).tolist() == [9, 9, 9]


@pytest.mark.parametrize("k", [0, 4, 5])
def test_no_such_neighbour(k: int) -> None:
    with pytest.raises(ValueError, match=f"4 rows have no {k}-th nearest"):
        kth_squared_distances(_rows(4, 2), k)


def test_squared_distances_are_never_negative() -> None:
    rows = _rows(100, 3)
    found = squared_distances(rows, rows)
    expected = (rows[:, None] - rows[None]).square().sum(2)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)
    assert float(found.min()) >= 0
