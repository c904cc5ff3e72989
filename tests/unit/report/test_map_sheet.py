"""Sheets of maps and of units: one scale for a row, stamps over what fails, outlines in place."""

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.explain.units.unit_images import UnitImages
from ganatomy.report.figures.canvas import WARM
from ganatomy.report.figures.map_sheet import MapRow, map_sheet
from ganatomy.report.figures.unit_sheet import unit_sheet
from tests.unit.report.looking import changed_box, is_colour, margin_is_white

GROUPS = (("real, held out", 2), ("generated", 2))


def _sheet(*rows: MapRow) -> NDArray[np.uint8]:
    images = torch.full((4, 1, 8, 8), -1.0)
    return map_sheet(images, rows, torch.zeros(4), groups=GROUPS)


def _maps(*values: float) -> torch.Tensor:
    return torch.tensor(values)[:, None, None].expand(4, 8, 8)


def test_a_row_has_one_scale_over_real_and_generated_images() -> None:
    picture = _sheet(MapRow("a", _maps(1.0, 0.5, 0.5, -1.0)))
    cells = picture[-60]  # through the middle of the maps
    width = picture.shape[1]
    strongest, half, fake, lowered = (
        cells[int(width * at)].astype(np.int64) for at in (0.1, 0.35, 0.6, 0.85)
    )
    np.testing.assert_array_equal(half, fake)  # as strong in a generated image
    assert strongest.sum() < half.sum() - 50  # darker, as it is twice as strong
    assert strongest[0] > strongest[2] + 20  # red
    assert lowered[2] > lowered[0] + 20  # blue


def test_rows_do_not_share_their_scale() -> None:
    alone = _sheet(MapRow("a", _maps(0.1, 0.1, 0.1, -0.1)))
    large = _sheet(MapRow("a", _maps(10.0, 10.0, 10.0, -10.0)))
    np.testing.assert_array_equal(alone[-100:], large[-100:])


def test_a_stamp_stands_over_its_row_and_over_no_other() -> None:
    maps = _maps(1.0, 0.5, 0.5, -1.0)
    plain = _sheet(MapRow("a", maps), MapRow("b", maps))
    stamped = _sheet(MapRow("a", maps), MapRow("b", maps, stamp="worse than a random map"))
    assert not is_colour(plain, WARM).any()
    rows = np.flatnonzero(is_colour(stamped, WARM).any(1))
    assert len(rows)
    cell = 126  # of 0.84 in
    assert rows.max() < stamped.shape[0] - cell
    assert rows.min() > stamped.shape[0] - 1.6 * cell
    assert margin_is_white(stamped[:, :4], 1)


def test_a_reason_stands_in_place_of_a_map() -> None:
    maps = _maps(1.0, 1.0, 1.0, 1.0)
    refused = maps.clone()
    refused[2] = torch.nan
    whole = _sheet(MapRow("a", maps))
    picture = _sheet(MapRow("a", refused, ["", "", "the map is flat", ""]))
    _, columns, (_, width) = changed_box(whole, picture)
    assert width <= 127
    assert is_colour(picture[:, columns], WARM).any()


def _unit(active: torch.Tensor) -> UnitImages:
    images = torch.full((2, 1, 16, 16), -1.0)
    return UnitImages("0", 3, "contrast", 0.5, 0.5, images, images, active)


def test_the_outline_is_where_the_unit_is_active_with_it_only() -> None:
    active = torch.zeros(2, 8, 8)
    active[1, :4, 4:] = 1.0  # the upper right of the second image
    found = np.argwhere(is_colour(unit_sheet([_unit(active)], ["a unit"]), WARM))
    nothing = unit_sheet([_unit(torch.zeros(2, 8, 8))], ["a unit"])
    assert not is_colour(nothing, WARM).any()
    assert len(found) > 20
    cell, left, gap, head = 126, 102, 7, 36  # pixels
    assert found[:, 1].min() > left + cell + gap + 0.4 * cell
    assert found[:, 0].max() < head + 0.6 * cell


def test_every_unit_adds_its_rows_and_long_titles_break() -> None:
    unit = _unit(torch.zeros(2, 8, 8))
    one, two = (unit_sheet([unit] * count, ["a unit"] * count) for count in (1, 2))
    assert abs(two.shape[0] - 2 * one.shape[0]) <= 2
    assert unit_sheet([unit], ["a unit " * 20]).shape[0] > one.shape[0]
