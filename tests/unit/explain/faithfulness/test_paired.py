"""The paired t test against scipy's."""

import math

import pytest
import torch
from scipy.stats import ttest_rel

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.paired import paired

NAN = math.nan


def _pair(count: int, shift: float) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(count)
    a = torch.randn(count, generator=draw)
    return a + shift, a + 0.5 * torch.randn(count, generator=draw)


@pytest.mark.parametrize("count", [2, 5, 64])
@pytest.mark.parametrize("shift", [0.0, 0.3, -2.0])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_test_and_interval_are_scipys(count: int, shift: float, level: float) -> None:
    a, b = _pair(count, shift)
    found = paired(a, b, level)
    expected = ttest_rel(a.double(), b.double())
    low, high = expected.confidence_interval(level)
    assert found.n == count
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.mean == pytest.approx(float((a - b).mean()), abs=1e-6)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6)


def test_pairs_with_nan_are_left_out_whichever_side_it_is_on() -> None:
    a, b = _pair(8, 0.5)
    expected = paired(a[[0, 1, 3, 4, 5, 7]], b[[0, 1, 3, 4, 5, 7]])
    a[2], b[6] = NAN, NAN
    assert paired(a, b) == expected
    assert expected.n == 6


def test_equal_values_have_an_interval_of_nothing_and_no_p() -> None:
    a, _ = _pair(8, 0)
    found = paired(a, a)
    assert (found.mean, found.low, found.high) == (0, 0, 0)
    assert math.isnan(found.p)


def test_a_difference_without_any_spread_is_certain() -> None:
    found = paired(torch.ones(5), torch.zeros(5))
    assert (found.mean, found.low, found.high, found.p) == (1, 1, 1, 0)


def test_one_pair_says_nothing_of_its_error() -> None:
    found = paired(torch.tensor([2.0, NAN]), torch.tensor([1.0, 1.0]))
    assert (found.n, found.mean) == (1, 1)
    assert all(math.isnan(value) for value in (found.low, found.high, found.p))
    nothing = paired(torch.tensor([NAN]), torch.tensor([1.0]))
    assert nothing.n == 0
    assert math.isnan(nothing.mean)


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((3, 1), (3, 1))])
def test_values_that_are_no_pairs_are_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(InputError, match="values of shape"):
        paired(torch.zeros(shapes[0]), torch.zeros(shapes[1]))
