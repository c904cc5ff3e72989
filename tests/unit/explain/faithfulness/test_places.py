"""Where maps put what raises the target: shares that can be counted by hand."""

import numpy as np
import pytest
import torch
from scipy import stats

from ganatomy.explain.faithfulness.places import PARTS, shares, standing_out
from ganatomy.rng import generator


def test_each_part_is_where_its_name_says() -> None:
    rows = ("upper", "middle", "lower")
    columns = ("left", "middle", "right")
    for number, part in enumerate(PARTS):
        maps = torch.zeros(1, 9, 9)
        row, column = ("middle", "middle") if part == "middle" else part.split()
        maps[0, 3 * rows.index(row) + 1, 3 * columns.index(column) + 1] = 1
        assert shares(maps, 1)["share"].tolist() == [float(at == number) for at in range(9)]


def test_shares_are_those_of_the_sign_that_is_asked_for() -> None:
    maps = torch.zeros(3, 6, 6)
    maps[:, 0:2, 4:6] = 2.0
    maps[:, 2:4, 2:4] = 1.0
    maps[:, 4:6, 0:2] = -5.0
    maps[2] = torch.nan  # refused
    raising = shares(maps, 1).set_index("part")["share"]
    assert raising["upper right"] == pytest.approx(2 / 3)
    assert raising["middle"] == pytest.approx(1 / 3)
    assert raising.sum() == pytest.approx(1)
    assert shares(maps, -1).set_index("part")["share"]["lower left"] == 1
    assert shares(maps, 1)["by_size"].tolist() == pytest.approx([1 / 9] * 9)


def test_intervals_are_those_of_scipy() -> None:
    maps = torch.rand(12, 9, 9, generator=generator(3, "maps")) - 0.5
    positive = maps.clamp(min=0).double().numpy()
    each = positive[:, 3:6, 3:6].sum((1, 2)) / positive.sum((1, 2))
    low, high = stats.t.interval(0.95, 11, each.mean(), stats.sem(each))
    row = shares(maps, 1).set_index("part").loc["middle"]
    assert (row["low"], row["high"]) == pytest.approx((low, high))


def test_a_part_stands_out_only_where_its_interval_is_above_its_size() -> None:
    noise = torch.rand(40, 9, 9, generator=generator(4, "maps")) - 0.5
    planted = noise.clone()
    planted[:, 6:, :3] += 1
    row = standing_out(planted, 1)
    assert row is not None
    assert row.part == "lower left"
    assert row.low > row.by_size
    lowered = standing_out(planted, -1)
    assert lowered is None or lowered.part != "lower left"
    found = [
        standing_out(torch.randn(20, 9, 9, generator=generator(n, "maps")), 1) for n in range(60)
    ]
    assert sum(each is not None for each in found) <= 8  # 3 are expected, with 9 tests each 25
    assert standing_out(torch.ones(5, 9, 9), 1) is None  # the same everywhere
    assert standing_out(planted[:1], 1) is None  # one map has no interval
    assert standing_out(torch.full((3, 9, 9), np.nan), 1) is None
