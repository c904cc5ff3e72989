"""Datamodels: planted contributions found again, nothing found where nothing is."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from ganatomy.errors import InputError
from ganatomy.importance.datamodels import COLUMNS, datamodels
from tests.unit.importance.retrained import Array, many, noise, repeats

FEATURES = ["blur", "cell", "class", "colour", "contrast", "thickness"]


def _design(num_subsets: int, seed: int = 0) -> Array:
    """Random 0/1 rows, none empty, of which any but one determine all features."""
    draw = np.random.default_rng(seed)
    while True:
        rows = (draw.uniform(size=(num_subsets, len(FEATURES))) < 0.5).astype(float)
        full = np.c_[np.ones(num_subsets), rows]
        left = [np.linalg.matrix_rank(np.delete(full, at, 0)) for at in range(num_subsets)]
        if rows.any(1).all() and min(left) > len(FEATURES):
            return rows


def _table(design: Array, effects: Array, count: int, num_seeds: int = 2) -> pd.DataFrame:
    """Effects of shape (features,) or (features, count) on each of `count` readouts."""
    names = [
        f"subset_{at:03d}=" + "+".join(np.array(FEATURES)[row > 0]) for at, row in enumerate(design)
    ]
    values = noise(np.random.default_rng(1), names, 4, count, num_seeds)
    for name, row in zip(names, design):
        values[name] += np.broadcast_to(row @ effects, count)[:, None]
    return repeats(values, many(count))


def test_regression_is_the_textbook_one() -> None:
    design = _design(14)
    table = _table(design, np.array([8.0, 0, 0, -5, 0, 1]), 2, num_seeds=3)
    found = datamodels(table, 0.05)
    assert list(found.columns) == COLUMNS
    assert found["feature"].unique().tolist() == FEATURES
    centre = table[table["is_null"]].groupby(["readout", "seed"])["value"].mean()
    changed = table[~table["is_null"]].join(centre.rename("centre"), on=["readout", "seed"])
    means = changed.groupby(["variant", "readout"])[["value", "centre"]].mean()
    outcome = (means["value"] - means["centre"]).unstack().to_numpy()
    terms = np.c_[np.ones(14), design]
    for place, (_, rows) in enumerate(found.groupby("readout")):
        y = outcome[:, place]
        model = LinearRegression().fit(design, y)
        np.testing.assert_allclose(rows["coefficient"], model.coef_, rtol=1e-9)
        residual = y - model.predict(design)
        covariance = np.linalg.inv(terms.T @ terms) * (residual @ residual) / (14 - 7)
        errors = np.sqrt(np.diag(covariance))[1:]
        np.testing.assert_allclose(rows["t"], model.coef_ / errors, rtol=1e-8)
        np.testing.assert_allclose(rows["p"], 2 * stats.t.sf(abs(rows["t"]), 7), rtol=1e-8)
        low, high = stats.t.interval(0.95, 7, loc=model.coef_, scale=errors)
        np.testing.assert_allclose(rows[["low", "high"]], np.stack([low, high], 1), rtol=1e-8)
        assert rows["r2"].tolist() == pytest.approx([model.score(design, y)] * len(FEATURES))
        splits = LeaveOneOut()
        predicted = cross_val_predict(LinearRegression(), design, y, cv=splits)
        means = cross_val_predict(LinearRegression(), np.zeros((14, 1)), y, cv=splits)
        held_out = 1 - ((y - predicted) ** 2).sum() / ((y - means) ** 2).sum()
        assert rows["held_out_r2"].tolist() == pytest.approx([held_out] * len(FEATURES))
    np.testing.assert_allclose(found["q"], stats.false_discovery_control(found["p"]))


def test_planted_sparse_truth_is_found() -> None:
    effects = np.array([8.0, 0, 0, -5, 0, 0])
    found = datamodels(_table(_design(24), effects, 5), 0.05)
    planted = found["feature"].map(dict(zip(FEATURES, effects)))
    assert found.loc[planted != 0, "stands_out"].all()
    assert found.loc[planted == 0, "stands_out"].mean() < 0.1
    assert (found["coefficient"] - planted).abs().max() < 2.5
    assert found["held_out_r2"].min() > 0.8
    assert (found["held_out_r2"] < found["r2"]).all()


@pytest.mark.parametrize("num_subsets", [9, 16])
@pytest.mark.parametrize("strong", [0.0, 10.0])
def test_false_alarms_and_intervals(num_subsets: int, strong: float) -> None:
    """Of features without influence, alone or beside a strong one."""
    count = 1500
    effects = np.array([strong, 0, 0, 0, 0, 0])
    found = datamodels(_table(_design(num_subsets), effects, count), 0.05)
    first = found["feature"] == "blur"
    outside = (found["low"] > 0) | (found["high"] < 0)
    pd.testing.assert_series_equal(outside, found["p"] < 0.05, check_names=False)
    # coefficients of one readout are dependent: one feature at a time
    for name in FEATURES[1:]:
        low, high = stats.binom.interval(0.9999, count, 0.05)
        assert low <= outside[found["feature"] == name].sum() <= high
    covered = (found["low"] <= strong) & (found["high"] >= strong)
    low, high = stats.binom.interval(0.9999, count, 0.95)
    assert low <= covered[first].sum() <= high


def test_readout_that_does_not_vary() -> None:
    table = _table(_design(12), np.zeros(6), 2)
    table.loc[table["readout"] == "g_00000", "value"] = 0.1
    found = datamodels(table, 0.05)
    still = found["readout"] == "g_00000"
    assert found.loc[still, ["t", "p", "q", "r2", "held_out_r2"]].isna().all(axis=None)
    assert not found.loc[still, "stands_out"].any()
    assert found.loc[~still, "q"].notna().all()


def test_a_diverged_subset_is_left_out() -> None:
    table = _table(_design(12), np.zeros(6), 1)
    lost = table["variant"] == "subset_003"
    found = datamodels(table.assign(value=table["value"].mask(lost)), 0.05)
    pd.testing.assert_frame_equal(found, datamodels(table[~lost], 0.05))


def test_a_readout_that_some_subsets_cannot_have_costs_the_others_nothing() -> None:
    table = _table(_design(14), np.array([8.0, 0, 0, -5, 0, 1]), 2)
    whole = datamodels(table, None)
    first, second = whole["readout"].unique()
    selecting = table["features"].str.contains("class")  # as d_without of a left-out class
    assert selecting.any()
    found = datamodels(table[~(selecting & (table["readout"] == second))], None)
    assert found.loc[found["readout"] == second, "t"].isna().all()
    expected = whole[whole["readout"] == first]
    pd.testing.assert_frame_equal(found[found["readout"] == first], expected)


def test_no_subsets() -> None:
    found = datamodels(repeats(noise(np.random.default_rng(0), ["a", "a+b"], 3, 1, 2), ["g"]), 0.05)
    assert found.empty
    assert list(found.columns) == COLUMNS


def test_too_few_subsets() -> None:
    table = _table(_design(9), np.zeros(6), 1)
    with pytest.raises(InputError, match=r"^7 subsets of 6 features.*num_subsets.*At least 8 "):
        datamodels(table[table["variant"] <= "subset_006"], 0.05)


def test_features_that_are_always_changed_together() -> None:
    design = _design(12)
    design[:, 1] = design[:, 0]
    design[~design.any(1), 5] = 1
    with pytest.raises(InputError, match="cannot tell the 6 features apart"):
        datamodels(_table(design, np.zeros(6), 1), 0.05)
