"""Agreement of methods: importance by hand, correlations and p by scipy, words by example."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.agreement import agreement, region_importance


def _table(columns: dict[str, list[float]]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"cell_{at}" for at in range(count)])


def _random(num_regions: int, num_methods: int = 3, seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(num_methods, num_regions))
    values[1:] += values[0]
    return _table({f"method {at}": row.tolist() for at, row in enumerate(values)})


def _masks(**boxes: tuple[slice, slice]) -> dict[str, NDArray[np.bool_]]:
    masks = {}
    for name, box in boxes.items():
        masks[name] = np.zeros((4, 4), dtype=bool)
        masks[name][box] = True
    return masks


def test_importance_is_the_mean_magnitude_in_the_region() -> None:
    maps = torch.zeros(3, 4, 4)
    maps[0, 0, 0], maps[0, 0, 1] = 4, -8  # for and against count alike
    maps[1, 0, 0], maps[1, 3, 3] = -4, 6
    maps[2] = torch.nan  # left out
    regions = _masks(top=(slice(0, 1), slice(None)), corner=(slice(3, 4), slice(3, 4)))
    table = region_importance({"LIME": maps, "none": maps[2:]}, regions)
    assert list(table.index) == ["top", "corner"]
    np.testing.assert_allclose(table["LIME"], [(12 + 4) / 4 / 2, 6 / 2])
    assert table["none"].isna().all()


def test_regions_that_do_not_fit_are_refused() -> None:
    maps = {"LIME": torch.zeros(1, 4, 4)}
    with pytest.raises(InputError, match="region nothing has shape"):
        region_importance(maps, {"nothing": np.zeros((4, 4), dtype=bool)})
    with pytest.raises(InputError, match=r"\(5, 4\).*LIME have \(4, 4\)"):
        region_importance(maps, {"big": np.ones((5, 4), dtype=bool)})


@pytest.mark.parametrize("num_regions", [4, 6, 8, 9, 16])
def test_correlations_and_p_are_scipys(num_regions: int) -> None:
    table = _random(num_regions)
    found = agreement(table)
    correlations, p = found.correlations.to_numpy(), found.p.to_numpy()
    for one, first in enumerate(table.to_numpy().T):
        for other, second in enumerate(table.to_numpy().T):
            expected = stats.spearmanr(first, second)
            assert correlations[one, other] == pytest.approx(expected.statistic)
            if num_regions > 8:
                assert p[one, other] == pytest.approx(expected.pvalue, abs=1e-9)
    assert not found.too_few


@pytest.mark.parametrize("ties", [False, True])
def test_p_is_exact_for_few_regions(ties: bool) -> None:
    table = _random(5, 2, seed=1)
    if ties:
        table.iloc[2] = table.iloc[1]
    first, second = (table[name].to_numpy() for name in table)
    exact = stats.permutation_test(
        (first,),
        lambda values: abs(stats.spearmanr(values, second).statistic),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=np.inf,
    )
    assert 0.05 < exact.pvalue < 0.95
    assert agreement(table).p.iloc[0, 1] == pytest.approx(exact.pvalue)


def test_three_regions_are_too_few() -> None:
    found = agreement(_table({"retraining": [3, 2, 1], "LIME": [30, 20, 10]}))
    assert found.too_few
    assert found.correlations.loc["retraining", "LIME"] == pytest.approx(1)
    assert found.p.loc["retraining", "LIME"] == pytest.approx(2 / 6)
    assert found.disputed.empty
    assert found.sentences == [
        "All methods put the 3 regions in the same order.",
        "Only 3 regions are compared: with fewer than 4, agreement and disagreement can both be "
        "chance.",
    ]


def test_the_largest_disagreement_comes_first_and_in_words() -> None:
    table = _table(
        {
            "Retraining": [9, 7, 5, 3, 1],
            "Grad-CAM": [1, 8, 7, 6, 5],
            "LIME": [40, 30, 20, 10, 5],
        }
    )
    found = agreement(table)
    assert found.sentences[0] == "Retraining and LIME rank cell_0 first, Grad-CAM fifth of 5."
    assert found.sentences[1] == "Grad-CAM ranks cell_1 first, Retraining and LIME second of 5."
    assert found.disputed["region"].tolist() == ["cell_0", "cell_1", "cell_2", "cell_3", "cell_4"]
    assert found.disputed["spread"].tolist() == [4, 1, 1, 1, 1]
    assert found.ranks.index.tolist() == ["cell_1", "cell_0", "cell_2", "cell_3", "cell_4"]
    assert found.ranks.to_numpy()[1].tolist() == [1, 5, 1]


def test_equals_share_their_place() -> None:
    found = agreement(_table({"a": [5, 5, 1, 0], "b": [1, 2, 3, 4]}))
    assert found.ranks.loc[["cell_0", "cell_1"], "a"].tolist() == [1.5, 1.5]
    assert "a ranks cell_0 joint first, b fourth of 4." in found.sentences
    assert "a ranks cell_1 joint first, b third of 4." in found.sentences


def test_places_beyond_ninth_are_numbers() -> None:
    first = [float(value) for value in range(23, 0, -1)]
    second = [first[at] for at in (0, 21, *range(2, 21), 1, 22)]
    found = agreement(_table({"a": first, "b": second}))
    assert found.sentences == [
        "a ranks cell_1 second, b 22nd of 23.",
        "b ranks cell_21 second, a 22nd of 23.",
    ]


def test_a_method_that_puts_all_level_correlates_with_nothing() -> None:
    found = agreement(_table({"a": [4, 3, 2, 1], "flat": [1, 1, 1, 1]}))
    assert np.isnan(found.correlations.to_numpy()[0, 1])
    assert np.isnan(found.p.to_numpy()[0, 1])
    assert found.ranks["flat"].tolist() == [2.5] * 4


def test_what_was_not_judged_by_all_is_left_out() -> None:
    table = _table({"a": [5, 4, 3, 2, 1], "b": [5, 4, np.nan, 2, 1], "none": [np.nan] * 5})
    found = agreement(table)
    assert found.left_out == ("none", "cell_2")
    assert list(found.ranks.columns) == ["a", "b"]
    assert found.ranks["a"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("table", [_table({"a": [1.0, 2.0]}), _table({"a": [1], "b": [2]})])
def test_nothing_to_compare(table: pd.DataFrame) -> None:
    found = agreement(table)
    assert found.sentences == ["Fewer than two methods or regions: nothing can be compared."]
    assert found.too_few


def test_no_region_in_common() -> None:
    found = agreement(_table({"a": [1, np.nan], "b": [np.nan, 1]}))
    assert found.ranks.shape == (0, 2)
    assert found.correlations.isna().all(axis=None)
    assert found.left_out == ("cell_0", "cell_1")
