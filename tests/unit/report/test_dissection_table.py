"""The table of units and concepts: red where a unit raises one, outlined if it stands out."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK
from ganatomy.report.figures.dissection_table import dissection_table
from tests.unit.report.looking import changed_box, is_colour, margin_is_white


def _table(effects: NDArray[np.float64], out: bool = False, layer: str = "conv") -> pd.DataFrame:
    """Units down, concepts across."""
    rows = [
        (layer, unit, f"concept {column}", effect, out)
        for unit, line in enumerate(effects)
        for column, effect in enumerate(line)
    ]
    return pd.DataFrame(rows, columns=["layer", "unit", "concept", "effect", "stands_out"])


def _warmth(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Red minus blue, without the title and the colour bar."""
    inner = picture[40 : picture.shape[0] - 140].astype(np.int64)
    return inner[..., 0] - inner[..., 2]


def test_equal_tables_give_equal_pixels() -> None:
    table = _table(np.array([[0.5, -0.2], [0.1, 0.9]]), out=True)
    np.testing.assert_array_equal(dissection_table(table), dissection_table(table))
    assert dissection_table(table).shape[1:] == (1230, 3)


def test_red_where_the_unit_raises_the_concept_and_blue_where_it_lowers_it() -> None:
    warmth = _warmth(dissection_table(_table(np.array([[-1.0, 1.0, 0, 0]] * 3))))
    blue, red = np.argwhere(warmth < -60), np.argwhere(warmth > 60)
    assert len(blue) > 3000
    assert len(red) > 3000
    assert blue[:, 1].max() < red[:, 1].min()


def test_units_of_one_concept_stand_together_the_largest_first() -> None:
    effects = np.array([[0.1, -0.9], [-0.4, 0.0], [0.0, 0.5], [-0.8, 0.1]])
    order = [3, 1, 0, 2]  # concept 0: unit 3 before 1; concept 1: 0 before 2
    given = _table(effects)
    # the same cells under names that are already in that order
    named = given.assign(unit=given["unit"].map({unit: at for at, unit in enumerate(order)}))
    renamed = named.sort_values(["unit", "concept"], kind="stable", ignore_index=True)
    first, second = _warmth(dissection_table(given)), _warmth(dissection_table(renamed))
    np.testing.assert_array_equal(first[:, 200:], second[:, 200:])


def test_an_outline_marks_what_stands_out_and_nothing_else() -> None:
    table = _table(np.full((5, 6), 0.3))
    table.loc[0, "stands_out"] = True  # its row comes first in any case
    before = dissection_table(table)
    table.loc[3, "stands_out"] = True
    after = dissection_table(table)
    rows, columns, (height, width) = changed_box(before, after)
    ink = is_colour(after, INK)[rows, columns]
    assert ink.sum() > is_colour(before, INK)[rows, columns].sum() + height + width
    assert height < before.shape[0] / 5
    assert width < 1230 / 5


def test_the_title_counts_units_that_are_not_shown() -> None:
    table = _table(np.array([[0.9], [0.8], [0.1]]), out=True)
    others = table.copy()
    others.loc[2, "stands_out"] = False  # the third is shown in neither
    first, second = (dissection_table(each, max_units=2) for each in (table, others))
    rows, columns, _ = changed_box(first, second)
    assert rows.stop < 40
    assert columns.start < 30  # the count comes first


def test_what_stands_out_is_shown_before_what_is_larger() -> None:
    table = _table(np.array([[0.9], [0.8], [0.1]]))
    table.loc[2, "stands_out"] = True
    few = dissection_table(table, max_units=1)
    alone = table[table["unit"] == 2]
    shown = dissection_table(alone, max_units=1)
    np.testing.assert_array_equal(_warmth(few), _warmth(shown))


@pytest.mark.parametrize("count", [5, 24])
def test_height_grows_up_to_the_most_units(count: int) -> None:
    heights = [dissection_table(_table(np.ones((k, 3))), count).shape[0] for k in (count, 40)]
    assert heights[0] == heights[1]
    assert 31 * count < heights[0] < 32 * count + 300


def test_what_is_not_known_is_neutral() -> None:
    table = _table(np.array([[0.9, np.nan], [np.nan, np.nan]]))
    warmth = _warmth(dissection_table(table))
    assert not (warmth < -60).any()
    assert dissection_table(table).shape == dissection_table(table[:2]).shape  # unit 1 has nothing


def test_long_names_are_not_cut_off() -> None:
    name = "blocks.a_long_name_of_a_residual_block.convolution"
    table = _table(np.ones((3, 10)), layer=name)
    table["concept"] = "attribute_Wearing_Necktie_" + table["concept"]
    assert margin_is_white(dissection_table(table))


def test_nothing_at_all_says_so() -> None:
    assert (dissection_table(_table(np.ones((0, 2)))) < 255).any()
