"""Means of a class against numpy; submodular pick against brute force and lime's own code."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lime.submodular_pick import SubmodularPick
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.explain.maps.aggregates import per_class, submodular_pick


def _sparse(num_rows: int, num_columns: int, seed: int, share: float = 0.3) -> torch.Tensor:
    """Explanations of a few features each, of either sign."""
    draw = np.random.default_rng(seed)
    weights = draw.normal(size=(num_rows, num_columns))
    return torch.from_numpy(weights * (draw.random(weights.shape) < share))


def _coverage(weights: NDArray[np.float64], rows: tuple[int, ...]) -> float:
    """The paper's c(V, W, I), feature by feature."""
    total = 0.0
    for column in range(weights.shape[1]):
        if any(weights[row, column] != 0 for row in rows):
            total += math.sqrt(sum(abs(value) for value in weights[:, column]))
    return total


def _by_lime(weights: torch.Tensor, count: int) -> list[int]:
    """What lime's own class picks among explanations that are given to it."""
    explanations = [
        SimpleNamespace(
            mode="regression",
            as_list=lambda label, row=row: [(j, float(w)) for j, w in enumerate(row) if w != 0],
        )
        for row in weights
    ]
    explainer = SimpleNamespace(explain_instance=lambda row, *_, **__: explanations[row])
    rows = list(range(len(weights)))
    picked = SubmodularPick(explainer, rows, None, method="full", num_exps_desired=count)
    return [int(row) for row in picked.V]


@pytest.mark.parametrize("absolute", [True, False])
def test_means_of_classes_are_those_of_numpy(absolute: bool) -> None:
    maps = torch.randn(7, 3, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([5, 2, 5, 5, 2, 9, 2])
    means = per_class(maps, labels, absolute)
    assert list(means) == [2, 5, 9]
    arrays = np.abs(maps.numpy()) if absolute else maps.numpy()
    for label, mean in means.items():
        assert mean.dtype == torch.float32
        np.testing.assert_allclose(mean, arrays[labels.numpy() == label].mean(0), atol=1e-6)


def test_opposite_signs_cancel_only_when_asked_to() -> None:
    maps = torch.stack([torch.full((2, 2), 3.0), torch.full((2, 2), -1.0)])
    labels = torch.zeros(2, dtype=torch.int64)
    assert per_class(maps, labels)[0].tolist() == [[2, 2], [2, 2]]
    assert per_class(maps, labels, absolute=False)[0].tolist() == [[1, 1], [1, 1]]


def test_a_refused_map_is_left_out() -> None:
    maps = torch.ones(4, 2, 2)
    maps[1, 0, 0], maps[3] = torch.nan, torch.nan
    means = per_class(maps, torch.tensor([0, 0, 1, 2]))
    assert list(means) == [0, 1]
    assert means[0].tolist() == [[1, 1], [1, 1]]


def test_labels_must_fit_the_maps() -> None:
    with pytest.raises(InputError, match=r"\(3,\)"):
        per_class(torch.zeros(4, 2, 2), torch.zeros(3, dtype=torch.int64))


@pytest.mark.parametrize("seed", range(6))
def test_picks_what_lime_picks(seed: int) -> None:
    weights = _sparse(14, 12, seed)
    by_lime = _by_lime(weights.flip(0), 4)  # of equals it takes the last
    assert submodular_pick(weights, 4, None) == [13 - row for row in by_lime]


@pytest.mark.parametrize("seed", range(6))
def test_covers_nearly_as_much_as_the_best_choice(seed: int) -> None:
    weights = _sparse(9, 10, seed, share=0.2)
    array = weights.numpy()
    best = max(_coverage(array, rows) for rows in itertools.combinations(range(9), 3))
    found = _coverage(array, tuple(submodular_pick(weights, 3, None)))
    assert (1 - 1 / math.e) * best <= found <= best + 1e-9


def test_the_first_covers_most_and_the_next_adds_most() -> None:
    weights = torch.tensor(
        [
            [4.0, 0.0, 0.0, 0.0],  # columns matter 3, 3, 1 and 2
            [5.0, -9.0, 0.0, 0.0],  # most: 6
            [0.0, 0.0, 1.0, 0.0],  # adds 1
            [0.0, 0.0, 0.0, -4.0],  # adds 2
        ]
    )
    assert submodular_pick(weights, 3, None) == [1, 3, 2]


def test_only_the_largest_of_each_count() -> None:
    weights = torch.full((3, 6), 0.01, dtype=torch.float64)  # dense: any one covers everything
    weights[0, 0] = weights[1, 0] = 3.0
    weights[2, 4] = -2.0
    assert submodular_pick(weights, 2, None) == [0, 1]
    assert submodular_pick(weights, 2, 1) == [0, 2]


def test_equals_go_by_their_order() -> None:
    # the three columns of each row sum up in different orders to the same
    weights = torch.tensor([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2], [0.2, 0.3, 0.1]]).repeat(2, 1)
    assert submodular_pick(weights, 6) == [0, 1, 2, 3, 4, 5]
    assert submodular_pick(torch.zeros(3, 4), 2) == [0, 1]


def test_more_than_there_are_gives_all_of_them() -> None:
    weights = _sparse(5, 6, 0)
    assert sorted(submodular_pick(weights, 9)) == [0, 1, 2, 3, 4]
    assert submodular_pick(weights, 0) == []


def test_a_refused_explanation_comes_last() -> None:
    weights = torch.tensor([[torch.nan, torch.nan], [0.0, 1.0], [2.0, 0.0]])
    assert submodular_pick(weights, 3) == [2, 1, 0]


def test_a_row_is_no_matrix() -> None:
    with pytest.raises(InputError, match=r"\(6,\)"):
        submodular_pick(torch.zeros(6), 2)
