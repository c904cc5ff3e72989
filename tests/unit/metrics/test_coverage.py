"""Missing classes, and distances of histograms against scipy's and closed forms."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from ganatomy.errors import InputError
from ganatomy.metrics.coverage import Coverage, cover, jensen_shannon, total_variation


def _cover(fakes: list[int], reals: list[int], seed: int = 0) -> Coverage:
    names = tuple("abcdefghij"[: len(reals)])
    return cover(torch.tensor(fakes), torch.tensor(reals), names, seed=seed, num_replicates=100)


@pytest.mark.parametrize("count", [2, 10])
def test_distances_agree_with_scipy(count: int) -> None:
    draw = torch.Generator().manual_seed(count)
    first, second = torch.rand(2, 3, count, generator=draw, dtype=torch.float64)
    first[0, 0] = 0
    first, second = first / first.sum(-1, keepdim=True), second / second.sum(-1, keepdim=True)
    expected = jensenshannon(first.numpy(), second.numpy(), base=2, axis=1) ** 2
    np.testing.assert_allclose(jensen_shannon(first, second), expected, rtol=1e-9)
    expected = np.maximum(first.numpy() - second.numpy(), 0).sum(1)
    np.testing.assert_allclose(total_variation(first, second), expected, rtol=1e-9)


def test_ends_of_the_scale() -> None:
    apart, alike = _cover([100, 0], [0, 70]), _cover([300, 100], [30, 10])
    assert apart.jensen_shannon.value == apart.total_variation.value == 1
    assert alike.jensen_shannon.value == alike.total_variation.value == 0
    assert (apart.num_modes, apart.num_found) == (1, 0)
    assert apart.missing == ("b",)


def test_closed_form_of_a_missing_half() -> None:
    """One class of two: JS = 1 - (3/4) log2 3 + 1/2 bits."""
    found = _cover([5000, 0], [5000, 5000])
    assert found.total_variation.value == 0.5
    assert found.jensen_shannon.value == pytest.approx(1.5 - 0.75 * np.log2(3))
    for one in (found.jensen_shannon, found.total_variation):
        assert one.interval[0] < one.value < one.interval[1]
        assert one.floor_high < 0.1 * one.interval[0]


@pytest.mark.parametrize(
    ("made", "missing", "unsettled"),
    [(100, (), ()), (10, (), ()), (9, ("c",), ()), (0, ("c",), ())],
)
def test_a_tenth_of_the_reals_share_is_enough(
    made: int, missing: tuple[str, ...], unsettled: tuple[str, ...]
) -> None:
    found = _cover([450, 550 - made, made], [90, 90, 20])
    assert (found.missing, found.unsettled) == (missing, unsettled)
    assert found.num_found == 3 - len(missing)


@pytest.mark.parametrize(
    ("fakes", "reals"), [([9, 11, 0], [450, 500, 50]), ([990, 1000, 0], [50, 49, 1])]
)
def test_few_images_settle_nothing(fakes: list[int], reals: list[int]) -> None:
    found = _cover(fakes, reals)
    assert found.missing == ()
    assert found.unsettled == ("c",)
    assert (found.num_modes, found.num_found) == (3, 2)


def test_a_class_that_no_real_has_is_no_mode() -> None:
    found = _cover([50, 50, 10], [60, 50, 0])
    assert (found.num_modes, found.num_found, found.missing) == (2, 2, ())
    assert found.total_variation.value > 0.09


def test_honest_histograms_stay_below_the_floor_and_within_the_interval() -> None:
    draw = np.random.default_rng(0)
    shares = np.arange(1, 9) / 36
    over, values, floors = 0, [], []
    for seed in range(40):
        fakes, reals = draw.multinomial(400, shares), draw.multinomial(300, shares)
        found = _cover(fakes.tolist(), reals.tolist(), seed)
        assert found.missing == found.unsettled == ()
        over += found.jensen_shannon.value > found.jensen_shannon.floor_high
        values.append(found.total_variation.value)
        floors.append(found.total_variation.floor)
    assert over <= 5  # 1 expected
    assert np.mean(values) == pytest.approx(np.mean(floors), rel=0.1)


def test_interval_is_as_wide_as_the_spread_over_samples() -> None:
    draw = np.random.default_rng(0)
    fake_shares, real_shares = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    found = []
    for seed in range(40):
        fakes, reals = draw.multinomial(400, fake_shares), draw.multinomial(300, real_shares)
        found.append(_cover(fakes.tolist(), reals.tolist(), seed).total_variation)
    width = np.mean([(one.interval[1] - one.interval[0]) / (2 * 1.96) for one in found])
    assert width == pytest.approx(np.std([one.value for one in found]), rel=0.3)


@pytest.mark.parametrize(
    ("fakes", "reals"), [([0, 0], [1, 1]), ([1, 1], [0, 0]), ([1, 1, 1], [1, 1]), ([-1, 3], [1, 1])]
)
def test_counts_that_cannot_be_compared(fakes: list[int], reals: list[int]) -> None:
    with pytest.raises(InputError, match="class histogram"):
        _cover(fakes, reals)


def test_depends_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    one = _cover([30, 20], [20, 30], 5)
    torch.manual_seed(2)
    assert _cover([30, 20], [20, 30], 5) == one
    assert _cover([30, 20], [20, 30], 6) != one
