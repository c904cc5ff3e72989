"""Balanced designs simulated with components that are known, and by hand."""

import numpy as np
import pytest
from scipy import stats

from ganatomy.importance.variance_components import (
    INITIALISATION,
    INTERPLAY,
    ORDER,
    SAMPLING,
    SEED,
    SHARED,
    Components,
    crossed,
    nested,
)
from tests.unit.importance.retrained import Array

SDS = {"a": 3.0, "b": 2.0, "c": 1.5, "ab": 1.0, "ac": 0.7, "bc": 0.4, "rest": 0.5}
TRUE = {
    INITIALISATION: 9.0,
    ORDER: 4.0,
    INTERPLAY: 1.0,
    SAMPLING: 0.49 + 0.16 + 0.25,
    SHARED: 2.25,
}


def _simulated(draw: np.random.Generator, i: int, j: int, k: int, **sds: float) -> Array:
    shapes = {"a": (i, 1, 1), "b": (1, j, 1), "c": (1, 1, k)}
    shapes |= {"ab": (i, j, 1), "ac": (i, 1, k), "bc": (1, j, k), "rest": (i, j, k)}
    values = np.full((i, j, k), 7.0)
    for name, shape in shapes.items():
        values += sds.get(name, 0.0) * draw.normal(size=shape)
    return values


def test_estimates_are_right_on_average() -> None:
    draw = np.random.default_rng(0)
    found = [crossed(_simulated(draw, 5, 4, 3, **SDS)) for _ in range(3000)]
    raw = np.array([each.weights @ each.squares for each in found])
    error = raw.std(0) / np.sqrt(len(raw))
    expected = np.array([TRUE[name] for name in found[0].names])
    assert (np.abs(raw.mean(0) - expected) < 4 * error).all(), raw.mean(0)
    assert (error < 0.06 * expected + 0.05).all()  # or the line above would say little


def test_mean_squares_are_those_of_the_textbook() -> None:
    """Sums of squares by explicit sums over the cells, term by term."""
    values = _simulated(np.random.default_rng(1), 2, 3, 4, **SDS)
    mean = values.mean()
    sums = dict.fromkeys(("a", "b", "c", "ab", "ac", "bc", "rest"), 0.0)
    for i, j, k in np.ndindex(2, 3, 4):
        a, b, c = values[i].mean(), values[:, j].mean(), values[:, :, k].mean()
        ab, ac, bc = values[i, j].mean(), values[i, :, k].mean(), values[:, j, k].mean()
        sums["a"] += (a - mean) ** 2
        sums["b"] += (b - mean) ** 2
        sums["c"] += (c - mean) ** 2
        sums["ab"] += (ab - a - b + mean) ** 2
        sums["ac"] += (ac - a - c + mean) ** 2
        sums["bc"] += (bc - b - c + mean) ** 2
        sums["rest"] += (values[i, j, k] - ab - ac - bc + a + b + c - mean) ** 2
    freedom = [1, 2, 3, 2, 3, 6, 6]
    found = crossed(values)
    np.testing.assert_allclose(found.freedom, freedom)
    np.testing.assert_allclose(found.squares, np.array(list(sums.values())) / freedom)


def _coverage(simulate: str, count: int) -> tuple[dict[str, float], dict[str, float]]:
    draw = np.random.default_rng(2)
    held: dict[str, int] = {}
    widths: dict[str, list[float]] = {}
    for number in range(count):
        if simulate == "crossed":
            found, true = crossed(_simulated(draw, 6, 6, 4, **SDS)), TRUE
        else:
            level = 2 * draw.normal(size=(4, 1))
            found, true = nested(level + draw.normal(size=(4, 4))), {SEED: 4.0, ORDER: 1.0}
        low, high = found.intervals(number)
        for at, name in enumerate(found.names):
            held[name] = held.get(name, 0) + bool(low[at] <= true[name] <= high[at])
            widths.setdefault(name, []).append(high[at] / true[name])
    shares = {name: number / count for name, number in held.items()}
    return shares, {name: float(np.median(each)) for name, each in widths.items()}


@pytest.mark.parametrize("design", ["crossed", "nested"])
def test_intervals_hold_the_truth_as_often_as_they_say(design: str) -> None:
    """95 %, or a little more: never much less; and they are no larger than data allows."""
    shares, upper = _coverage(design, 400)
    assert all(0.925 <= share <= 0.995 for share in shares.values()), shares
    most_uncertain = 3 / stats.chi2.ppf(0.025, 3)  # three degrees of freedom alone
    assert all(each < 1.2 * most_uncertain for each in upper.values()), upper


def test_a_component_that_is_not_there_is_zero_with_an_interval_from_zero() -> None:
    draw = np.random.default_rng(3)
    found = [crossed(_simulated(draw, 4, 4, 2, a=1.0, rest=1.0)) for _ in range(40)]
    orders = [each.estimates()[1] for each in found]
    raw = [each.weights[1] @ each.squares for each in found]
    assert min(raw) < 0 == min(orders)
    for each, estimate in zip(found, orders):
        low, high = (end[1] for end in each.intervals())
        assert low <= estimate <= high
        assert high > 0
    assert np.mean([each.intervals()[0][1] == 0 for each in found]) > 0.9


@pytest.mark.parametrize(
    ("sds", "i", "j", "k", "most"),
    [
        (SDS, 6, 6, 4, 0.985),
        ({"a": 1.0}, 3, 3, 2, 0.97),
        ({"b": 1.0, "rest": 0.3}, 4, 2, 2, 1.0),  # one degree of freedom: too wide
    ],
)
def test_two_more_trainings_differ_by_less_than_the_band_in_95_of_100(
    sds: dict[str, float], i: int, j: int, k: int, most: float
) -> None:
    """Both with first weights and an order of their own, measured on one draw."""
    draw = np.random.default_rng(4)
    inside = []
    for _ in range(600):
        pair = [_simulated(draw, 1, 1, 1, **(sds | {"c": 0.0}))[0, 0, 0] for _ in range(2)]
        band = crossed(_simulated(draw, i, j, k, **sds)).band()
        inside.append(abs(pair[1] - pair[0]) < band)
    assert 0.92 < np.mean(inside) <= most, np.mean(inside)


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_the_band_from_nulls_holds_for_seeds_that_differ_in_noise(spread: float) -> None:
    draw = np.random.default_rng(5)
    inside = []
    for _ in range(600):
        level, scale = draw.normal(size=(6, 1)), np.exp(spread * draw.normal(size=(6, 1)))
        values = level + scale * draw.normal(size=(6, 4))
        inside.append(abs(values[5, 0] - values[4, 0]) < nested(values[:4]).band())
    assert 0.92 < np.mean(inside) < 0.995, np.mean(inside)


def test_one_mean_square_gives_students_t() -> None:
    """Of plain repeats of one training: the textbook's interval of one more difference."""
    values = np.random.default_rng(8).normal(size=9)
    found = Components(
        np.array([values.var(ddof=1)]), np.array([8.0]), ("all",), np.eye(1), np.ones(1)
    )
    expected = float(stats.t.ppf(0.975, 8)) * np.sqrt(2) * values.std(ddof=1)
    assert found.band() == pytest.approx(expected, rel=0.02)
    t = 1.3 / (np.sqrt(2) * values.std(ddof=1))
    assert found.chance_of(1.3) == pytest.approx(2 * stats.t.sf(t, 8), rel=0.02)
    low, high = (float(end[0]) for end in found.intervals())
    assert low == pytest.approx(8 * values.var(ddof=1) / stats.chi2.ppf(0.975, 8), rel=0.03)
    assert high == pytest.approx(8 * values.var(ddof=1) / stats.chi2.ppf(0.025, 8), rel=0.03)


def test_sampling_makes_a_difference_less_unlikely() -> None:
    found = nested(np.random.default_rng(9).normal(size=(5, 4)))
    chances = [found.chance_of(3.0, sampling) for sampling in (0.0, 1.0, 1e9)]
    assert chances[0] < chances[1] < chances[2]
    assert chances[2] == pytest.approx(1, abs=1e-3)
    still = nested(np.ones((3, 3)))
    assert still.chance_of(1.96, 1.0) == pytest.approx(0.05, abs=1e-3)
    assert still.chance_of(1.0) == 0.0


def test_the_variance_of_a_training_is_the_sum_of_its_components() -> None:
    found = crossed(_simulated(np.random.default_rng(6), 4, 5, 3, **SDS))
    raw = found.weights @ found.squares
    assert found.one_training() == pytest.approx(raw[:4].sum())
    assert (found.between_two >= 0).all()
    two = nested(np.random.default_rng(7).normal(size=(4, 3)))
    assert two.one_training() == pytest.approx((two.weights @ two.squares).sum())


@pytest.mark.parametrize("shape", [(1, 3, 2), (3, 1, 2), (3, 3, 1)])
def test_nothing_to_compare_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        crossed(np.zeros(shape))
    with pytest.raises(ValueError, match="at least 2"):
        nested(np.zeros((1, 4)))


def test_no_spread_has_no_band() -> None:
    for found in (crossed(np.ones((2, 2, 2))), nested(np.ones((3, 3)))):
        assert isinstance(found, Components)
        assert np.isnan(found.band())
        assert found.estimates().tolist() == [0.0] * len(found.names)
