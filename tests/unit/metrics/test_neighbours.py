"""Nearest neighbours against scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from ganatomy.metrics.neighbours import nearest


@pytest.mark.parametrize("chunk", [1, 7, 512])
@pytest.mark.parametrize(("count", "width"), [(40, 16), (3, 1), (1, 5)])
def test_agrees_with_scikit_learn(count: int, width: int, chunk: int) -> None:
    draw = torch.Generator().manual_seed(0)
    queries = torch.randn(count, width, generator=draw, dtype=torch.float64)
    references = torch.randn(60, width, generator=draw, dtype=torch.float64)
    distances, indices = nearest(queries, references, chunk)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(references.numpy())
    expected, positions = search.kneighbors(queries.numpy())
    np.testing.assert_array_equal(indices, positions[:, 0])
    np.testing.assert_allclose(distances, expected[:, 0], rtol=1e-6, atol=1e-9)


def test_a_copy_is_found_at_no_distance() -> None:
    references = torch.randn(50, 8, dtype=torch.float64)
    order = torch.randperm(50)
    distances, indices = nearest(references[order], references)
    assert torch.equal(indices, order)
    assert float(distances.max()) < 1e-6
