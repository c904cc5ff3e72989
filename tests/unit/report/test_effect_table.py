"""The table of effects: sign and size as colour and number, an outline where one stands out."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK
from ganatomy.report.figures.effect_table import effect_table, signed
from tests.unit.report.looking import changed_box, is_colour, margin_is_white, runs

TITLES = {"g_fcd": "G: Fréchet distance,\nevaluator features", "d_shift": "D: change of\nlogits"}
NETWORKS = {"g_fcd": "generator", "d_shift": "discriminator"}


def _summary(effects: list[tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (f"cell_{at}", readout, network, value, value, False)
            for at, values in enumerate(effects)
            for (readout, network), value in zip(NETWORKS.items(), values)
        ],
        columns=["variant", "readout", "network", "standardised", "t", "stands_out"],
    )


def _ranking(count: int) -> pd.DataFrame:
    return pd.DataFrame({"variant": [f"cell_{k}" for k in range(count)], "rank": range(count)})


def _draw(summary: pd.DataFrame) -> NDArray[np.uint8]:
    return effect_table(summary, _ranking(summary["variant"].nunique()), TITLES)


def _warmth(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Red minus blue, without titles above and the colour bar below."""
    inner = picture[90 : picture.shape[0] - 140].astype(np.int64)
    return inner[..., 0] - inner[..., 2]


def test_equal_tables_give_equal_pixels() -> None:
    first, second = (_draw(_summary([(3, -2), (1, 0)])) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape[1:] == (1230, 3)


def test_red_raises_blue_lowers_and_g_is_left_of_d() -> None:
    warmth = _warmth(_draw(_summary([(4, -4)] * 3)))
    red, blue = np.argwhere(warmth > 60), np.argwhere(warmth < -60)
    assert len(red) > 10_000
    assert len(blue) > 10_000
    assert red[:, 1].max() < blue[:, 1].min()
    swapped = _warmth(_draw(_summary([(-4, 4)] * 3)))
    assert np.argwhere(swapped > 60)[:, 1].min() > np.argwhere(swapped < -60)[:, 1].max()


def test_larger_effects_have_stronger_colours() -> None:
    picture = _draw(_summary([(0.3, 0), (0.9, 0), (1.5, 0), (2.1, 0)]))
    warmth = _warmth(picture)
    column = int(np.argwhere(warmth > 100)[:, 1].min()) + 15  # left of the number in a cell
    line = warmth[:, column]
    strengths = [int(line[start + 5]) for start, end in runs(line > 5) if end - start > 10]
    assert len(strengths) == 4
    assert strengths == sorted(set(strengths))
    assert strengths[3] > strengths[0] + 80


def test_an_outline_marks_what_stands_out_and_nothing_else() -> None:
    summary = _summary([(3, -2)] * 4)
    before = _draw(summary)
    summary.loc[5, "stands_out"] = True  # cell_2, d_shift
    after = _draw(summary)
    rows, columns, (height, width) = changed_box(before, after)
    ink = is_colour(after, INK)[rows, columns]
    assert ink.sum() > is_colour(before, INK)[rows, columns].sum() + height + width
    assert height < before.shape[0] / 4
    assert columns.start > before.shape[1] / 2


def test_what_cannot_be_judged_is_neutral_and_as_if_missing() -> None:
    summary = _summary([(4, -4), (4, -4)])
    hidden = summary.assign(t=[4, np.nan, 4, np.nan])
    warmth = _warmth(_draw(hidden))
    assert (warmth > 60).any()
    assert not (warmth < -60).any()
    missing = summary.drop(index=1)
    one_hidden = summary.assign(t=[4, np.nan, 4, -4])
    blues = [int((_warmth(_draw(table)) < -60).sum()) for table in (missing, one_hidden, summary)]
    assert blues[0] == blues[1] < 0.7 * blues[2]
    for bad in (np.inf, np.nan):
        np.testing.assert_array_equal(
            _draw(summary.assign(standardised=bad)), _draw(summary.assign(t=np.nan))
        )


def test_one_giant_does_not_pale_the_others() -> None:
    effects = [(3.0, -3.0)] * 10
    small, giant = (_draw(_summary([*effects, (big, 1)])) for big in (5.0, 5e5))
    _, _, (height, width) = changed_box(small, giant)
    assert height < 40  # its own number only
    assert width < 60


@pytest.mark.parametrize("count", [5, 12, 40])
def test_height_grows_with_features(count: int) -> None:
    assert 33 * count < _draw(_summary([(1, -1)] * count)).shape[0] < 33 * count + 300


def test_rank_orders_the_rows() -> None:
    summary = _summary([(4, 4), (-4, -4)])
    first = _warmth(effect_table(summary, _ranking(2), TITLES))
    other = _warmth(effect_table(summary, _ranking(2).assign(rank=[2, 1]), TITLES))
    for warmth, red_is_above in ((first, True), (other, False)):
        red, blue = np.argwhere(warmth > 60)[:, 0], np.argwhere(warmth < -60)[:, 0]
        assert (red.mean() < blue.mean()) == red_is_above


def test_long_names_are_not_cut_off() -> None:
    summary, ranking = _summary([(1, 1)]), _ranking(1)
    name = "attribute_Wearing_Necktie-permute-" + "W" * 20
    assert margin_is_white(
        effect_table(summary.assign(variant=name), ranking.assign(variant=name), TITLES)
    )


def test_one_network_alone_and_nothing_at_all() -> None:
    summary = _summary([(4, -4)])
    only_g = summary[summary["network"] == "generator"]
    assert not (_warmth(effect_table(only_g, _ranking(1), TITLES)) < -60).any()
    assert (effect_table(summary[:0], _ranking(0), TITLES) < 255).any()


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (3.14, "+3.1"),
        (-3.14, "−3.1"),
        (0.04, "0.0"),
        (-0.04, "0.0"),
        (9.96, "+10"),
        (-431.6, "−432"),
        (12345, "+12k"),
    ],
)
def test_numbers_are_short_and_signed(effect: float, text: str) -> None:
    assert signed(effect) == text
