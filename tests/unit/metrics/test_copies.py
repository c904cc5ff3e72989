"""The share below a calibrated threshold, worked out by hand, and who stands in the panel."""

import math

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.metrics.copies import Copies, find_copies, least_count, most_suspicious
from ganatomy.metrics.nearness import ThreeSamples, three_samples


def _line(held_out: torch.Tensor, fakes: torch.Tensor) -> ThreeSamples:
    """Points above the training points 0 and 10: relative distance is height / 10."""
    train = torch.tensor([[0.0, 0.0], [10.0, 0.0]]).double()
    sets = [torch.stack([torch.zeros(len(y)), y], 1).double() for y in (held_out, fakes)]
    return three_samples(train, *sets)


def test_worked_out_by_hand() -> None:
    held_out = torch.arange(1, 20).flip(0)  # 19 of them: a tenth is the second smallest, 2
    found = find_copies(_line(held_out, torch.tensor([0.0, 1, 2, 3, 4])), 0.1)
    assert found.threshold == pytest.approx(0.2)
    assert found.expected == 2 / 20
    assert found.share == 2 / 5
    assert found.interval[0] < 0.4 < found.interval[1]
    assert found.ratio.tolist() == pytest.approx([0, 0.5, 1, 1.5, 2])
    # by counting orders of 19 + 5 points: at least two fakes come before the second of the others
    # when, among the first three places, fakes have two or more
    fakes, others = 5, 19
    two = 3 * (fakes * (fakes - 1) * others) / (24 * 23 * 22)
    three = (fakes * (fakes - 1) * (fakes - 2)) / (24 * 23 * 22)
    assert found.p_value == pytest.approx(two + three)


def test_nearest_image_is_named() -> None:
    train = torch.tensor([[0.0], [5], [9]]).double()
    found = find_copies(three_samples(train, train + 1, torch.tensor([[8.0], [4], [-3]]).double()))
    assert found.nearest.tolist() == [2, 1, 0]


def test_few_held_out_images_give_a_larger_expected_share() -> None:
    found = find_copies(_line(torch.tensor([3.0, 5, 7]), torch.tensor([1.0, 9])), 0.01)
    assert found.threshold == pytest.approx(0.3)
    assert found.expected == 0.25
    assert found.share == 0.5


def test_expected_share_is_what_honest_fakes_have() -> None:
    draw = torch.Generator().manual_seed(0)
    shares, alarms = [], 0
    for _ in range(200):
        train, held_out, fakes = (torch.randn(n, 2, generator=draw) for n in (60, 50, 80))
        found = find_copies(three_samples(train, held_out, fakes), 0.1)
        shares.append(found.share)
        alarms += found.p_value < 0.1
    assert sum(shares) / 200 == pytest.approx(5 / 51, abs=0.012)
    assert 2 < alarms < 32  # of 200, at most a tenth, give or take four standard errors


def test_held_out_images_that_are_in_the_training_set() -> None:
    """Nothing lies below a threshold of zero, and copies stay the most suspicious."""
    found = find_copies(_line(torch.zeros(10), torch.tensor([2.0, 0.0])))
    assert found.threshold == found.share == 0
    assert found.p_value == 1
    assert found.ratio.tolist() == [torch.inf, 1]


@pytest.mark.parametrize("quantile", [0.0, 1.0, -1.0])
def test_quantile_out_of_range(quantile: float) -> None:
    with pytest.raises(InputError, match="quantile"):
        find_copies(_line(torch.ones(3), torch.ones(3)), quantile)


def _ratios(*ratios: float) -> Copies:
    count = len(ratios)
    return Copies(0.5, 0.01, 0, (0, 1), 1, torch.tensor(ratios).double(), torch.arange(count) * 10)


def test_most_suspicious_come_first_by_any_space() -> None:
    spaces = {"pixels": _ratios(0.9, 0.3, 2, 0, 0), "features": _ratios(0.2, 0.8, 2, 0.6, 0.5)}
    found = most_suspicious(spaces, 4)
    assert found.fake.tolist() == [4, 3, 0, 1]
    assert found.nearest["features"].tolist() == [40, 30, 0, 10]
    assert found.ratio["pixels"].tolist() == pytest.approx([0, 0, 0.9, 0.3])
    assert most_suspicious(spaces, 9).fake.tolist() == [4, 3, 0, 1, 2]


@pytest.mark.parametrize(("num_fakes", "num_held_out"), [(40, 6), (60, 30), (300, 250)])
def test_the_least_count_is_the_first_that_is_too_many(num_fakes: int, num_held_out: int) -> None:
    """By trying all counts; the chance is the sum over all orders of a few points."""
    rank = max(1, int(0.01 * (num_held_out + 1)))
    chances = [
        sum(
            math.comb(k + rank - 1, k)
            * math.comb(num_fakes - k + num_held_out - rank, num_fakes - k)
            for k in range(count, num_fakes + 1)
        )
        / math.comb(num_fakes + num_held_out, num_fakes)
        for count in range(num_fakes + 1)
    ]
    rare = next(count for count, chance in enumerate(chances) if chance < 0.001)
    assert least_count(num_fakes, num_held_out, 0.01, alpha=0.001, least_share=0.0) == rare
    assert least_count(num_fakes, num_held_out, 0.01, alpha=0.001, least_share=0.99) == math.ceil(
        0.99 * num_fakes
    )
    assert least_count(num_fakes, num_held_out, 0.01, alpha=0.001, least_share=1.01) == math.inf
