"""The permutation test: against counting by hand, and its nominal rate with noise of long tails."""

from itertools import product

import numpy as np
import pytest

from ganatomy.importance.differences import differences, effects_of
from ganatomy.importance.permutation import permutation_p
from ganatomy.importance.ranking import summarise
from ganatomy.statistics import two_sided_p
from tests.unit.importance.retrained import Array, many, noise, repeats


def _by_hand(variant: Array, nulls: Array) -> float:
    """Variant of shape (s,), nulls of shape (k, s): every way to choose one of each seed."""
    rows = np.vstack([variant, nulls])
    choices = list(product(range(len(rows)), repeat=rows.shape[1]))
    sizes = []
    for chosen in choices:
        parts = []
        for seed, one in enumerate(chosen):
            others = (rows[:, seed].sum() - rows[one, seed]) / (len(rows) - 1)
            parts.append(rows[one, seed] - others)
        sizes.append(abs(sum(parts) / len(parts)))
    return float(np.mean(np.array(sizes) >= sizes[0] - 1e-12))  # the first is the variant's own


@pytest.mark.parametrize(("num_nulls", "num_seeds"), [(4, 4), (8, 3)])
def test_it_counts_what_is_counted_by_hand(num_nulls: int, num_seeds: int) -> None:
    values = noise(np.random.default_rng(0), ["a"], num_nulls, 4, num_seeds)
    values["a"] = values["a"] + np.array([[0.0], [0.7], [1.5], [9.0]])
    found = permutation_p(differences(repeats(values, many(4))))[:, 0]
    nulls = np.array([values[f"null_{k}"] for k in range(num_nulls)])
    expected = [_by_hand(values["a"][at], nulls[:, at]) for at in range(4)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found[3] == pytest.approx(1 / (num_nulls + 1) ** num_seeds)


def test_missing_gans_are_in_no_arrangement() -> None:
    values = noise(np.random.default_rng(1), ["a"], 6, 1, 5)
    whole = {name: table[:, :4] for name, table in values.items()}
    values["a"] = values["a"].copy()
    values["a"][0, 4] = np.nan
    one, other = (permutation_p(differences(repeats(some, many(1)))) for some in (values, whole))
    np.testing.assert_array_equal(one, other)


def test_too_few_arrangements_leave_it_to_t() -> None:
    values = noise(np.random.default_rng(2), ["a"], 4, 3, 3)
    assert np.isnan(permutation_p(differences(repeats(values, many(3))))).all()
    summary = summarise(repeats(values, ["g_fcd", "g_frd", "g_kcd"]), 0.05)
    assert summary["p_permuted"].isna().all()
    np.testing.assert_array_equal(summary["p"], summary["p_t"])


def test_drawn_arrangements_come_close_to_all() -> None:
    """Of 5 ** 6 = 15,625, 10,000 are drawn."""
    values = noise(np.random.default_rng(3), ["a"], 4, 3, 6)
    values["a"] = values["a"] + np.array([[0.1], [0.5], [0.8]])
    table = repeats(values, many(3))
    found = permutation_p(differences(table))[:, 0]
    nulls = np.array([values[f"null_{k}"] for k in range(4)])
    expected = np.array([_by_hand(values["a"][at], nulls[:, at]) for at in range(3)])
    spread = np.sqrt(expected * (1 - expected) / 10_000)
    assert (np.abs(found - expected) < 4 * spread).all()
    np.testing.assert_array_equal(found, permutation_p(differences(table))[:, 0])


def test_it_keeps_its_rate_where_the_tails_are_long_and_t_does_not() -> None:
    """Noise that is zero but for one GAN in ten: as a training that fails now and then."""
    draw = np.random.default_rng(4)
    count = 800
    names = ["a", *(f"null_{k}" for k in range(4))]
    values = {
        name: np.where(draw.uniform(size=(count, 4)) < 0.1, 20.0, 1.0)
        * draw.normal(size=(count, 4))
        for name in names
    }
    given = differences(repeats(values, many(count)))
    effects = effects_of(given)
    by_t = two_sided_p(effects.t, effects.freedom[:, None])
    permuted = permutation_p(given)
    assert (permuted <= 0.002).mean() <= 0.002 + 3 * np.sqrt(0.002 / count)
    assert (permuted <= 0.05).mean() == pytest.approx(0.05, abs=3 * np.sqrt(0.05 / count))
    assert (by_t <= 0.002).mean() > 0.01
