"""Authenticity by its definition, point by point."""

import pytest
import torch

from ganatomy.metrics.authenticity import authenticity
from ganatomy.metrics.nearness import three_samples


def _column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


@pytest.mark.parametrize(
    ("fake", "is_authentic"),
    [
        (0.0, False),
        (0.9, False),
        (-1.1, True),
        (0.6, False),
        (10.0, False),
        (18.0, False),
        (20.0, True),
    ],
)
def test_one_point_at_a_time(fake: float, is_authentic: bool) -> None:
    """0, 1 and 10 on a line are 1, 1 and 9 from their neighbours."""
    found = authenticity(three_samples(_column(0, 1, 10), _column(-5), _column(fake)))
    assert found.share == float(is_authentic)
    assert found.floor == 1


def test_a_tie_is_not_authentic() -> None:
    found = authenticity(three_samples(_column(0, 2), _column(4), _column(-2, -2.5)))
    assert found.share == 0.5
    assert found.floor == 0


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_copy_of_a_duplicate_is_not_authentic(noise: float) -> None:
    train = _column(0, 0, 3, 3, 7)
    found = authenticity(three_samples(train, _column(20), train + noise))
    assert found.share == 0


@pytest.mark.parametrize("dimensions", [1, 2, 8])
def test_shares_are_those_of_the_definition(dimensions: int) -> None:
    draw = torch.Generator().manual_seed(0)
    train, held_out, fakes = (
        torch.randn(count, dimensions, generator=draw, dtype=torch.float64)
        for count in (50, 40, 70)
    )
    between = torch.cdist(train, train).fill_diagonal_(torch.inf).min(1).values
    shares = []
    for points in (fakes, held_out):
        near = torch.cdist(points, train).min(1)
        shares.append(float((near.values > between[near.indices]).double().mean()))
    found = authenticity(three_samples(train, held_out, fakes))
    assert (found.share, found.floor) == pytest.approx(tuple(shares), abs=1e-12)
    assert 0.2 < found.share < 0.8
    assert found.interval[0] < found.share < found.interval[1]
    assert found.floor_interval[1] - found.floor_interval[0] > 0.2
