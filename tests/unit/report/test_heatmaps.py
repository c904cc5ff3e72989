"""Heatmaps over images: equal data gives equal pixels, and what differs shows."""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.report.figures.attribution_sheet import attribution_sheet
from tests.unit.report.looking import changed_box, is_colour, runs


def _maps(count: int, rows: int = 2, seed: int = 0) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return {f"layer {k}": torch.randn(count, 28, 28, generator=draw) for k in range(rows)}


def _images(count: int, channels: int = 1) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, 28, 28, generator=draw) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 3])
def test_equal_data_gives_equal_pixels(channels: int, count: int) -> None:
    arguments = (_images(count, channels), _maps(count), torch.arange(count))
    first, second = attribution_sheet(*arguments), attribution_sheet(*arguments)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert first.std() > 10


def test_sheet_grows_with_images_and_maps() -> None:
    def shape(count: int, rows: int) -> tuple[int, ...]:
        return attribution_sheet(_images(count), _maps(count, rows), torch.zeros(count)).shape

    small, wide, high = shape(2, 1), shape(4, 1), shape(2, 3)
    assert wide[0] == small[0]
    assert 1.2 < wide[1] / small[1] < 2
    assert high[1] == small[1]
    assert 1.5 < high[0] / small[0] < 2


@pytest.mark.parametrize("change", ["image", "map", "score", "note"])
def test_what_differs_shows(change: str) -> None:
    images, maps, scores, notes = _images(2), _maps(2), torch.zeros(2), ["R² 0.5", "R² 0.5"]
    before = attribution_sheet(images, maps, scores, notes=notes)
    if change == "image":
        images[1] *= -1
    if change == "map":
        maps["layer 1"][0] *= -1
    if change == "score":
        scores[1] = 3.14
    if change == "note":
        notes[0] = "R² 0.9"
    after = attribution_sheet(images, maps, scores, notes=notes)
    assert before.shape == after.shape
    assert (before != after).any()


def test_red_raises_blue_lowers_and_nothing_is_neutral() -> None:
    levels = torch.tensor([1.0, 0.0, -1.0])[:, None, None].expand(3, 28, 28)
    sheet = attribution_sheet(torch.zeros(3, 1, 28, 28), {"m": levels}, torch.zeros(3)).astype(int)
    warmth = sheet[..., 0] - sheet[..., 2]
    red, blue = np.argwhere(warmth > 40)[:, 1], np.argwhere(warmth < -40)[:, 1]
    assert len(red) > 1000
    assert len(blue) > 1000
    assert red.max() + 100 < blue.min()  # the neutral one stands between them


def test_colours_do_not_depend_on_the_scale_of_a_row() -> None:
    images, scores = _images(2), torch.zeros(2)
    flat = {"m": torch.zeros(2, 28, 28)}
    assert attribution_sheet(images, flat, scores).std() > 0
    one = attribution_sheet(images, {"m": _maps(2, 1)["layer 0"]}, scores)
    two = attribution_sheet(images, {"m": 1024 * _maps(2, 1)["layer 0"]}, scores)
    label = one.shape[1] * 3 // 10  # the label says the scale
    np.testing.assert_allclose(one[:, label:], two[:, label:], atol=1)


def test_no_setting_is_left_behind() -> None:
    before = dict(mpl.rcParams)
    attribution_sheet(_images(1), _maps(1), torch.zeros(1))
    assert dict(mpl.rcParams) == before


def _refused(*reasons: str) -> dict[str, list[str]]:
    return {"layer 0": list(reasons)}


def _grey(count: int) -> torch.Tensor:
    return torch.zeros(count, 1, 28, 28)


def _columns(sheet: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Start and end of each column of cells, from the grey images in the first row."""
    grey = is_colour(sheet, "#808080")
    return runs(grey[np.flatnonzero(grey.any(1))[5]])


def _below(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without the grey images and what is above them."""
    return sheet[np.flatnonzero(is_colour(sheet, "#808080").any(1)).max() + 2 :]


def _warm(sheet: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(sheet[..., 0].astype(int) - sheet[..., 2] > 40)


def _words_in(sheet: NDArray[np.uint8]) -> list[int]:
    """For a sheet whose maps are all refused: pixels of letters in each column."""
    inked = _warm(_below(sheet))
    return [int(inked[:, start:end].sum()) for start, end in _columns(sheet)]


def test_a_refused_map_is_not_drawn_nor_does_it_set_the_scale() -> None:
    maps, other = _maps(3, 1), _maps(3, 1)
    other["layer 0"][1] = 1e6
    broken = {"layer 0": maps["layer 0"].clone()}
    broken["layer 0"][1] = torch.nan
    first, second, third = (
        attribution_sheet(
            _images(3), each, torch.zeros(3), notes=None, refusals=_refused("", "no", "")
        )
        for each in (maps, other, broken)
    )
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
    drawn = attribution_sheet(_images(3), maps, torch.zeros(3))
    assert (drawn != first).any()


def test_the_reason_stands_in_the_cell_of_its_image() -> None:
    reason = "layer 0: the map is flat (0.25 everywhere): it says nothing about places"
    plain, told = (
        attribution_sheet(
            _grey(3), _maps(3, 1), torch.zeros(3), notes=None, refusals=_refused("", text, "")
        )
        for text in (".", reason)
    )
    start, end = _columns(told)[1]
    _, columns, (height, width) = changed_box(plain, told)
    assert start <= columns.start < columns.stop <= end
    assert height > 20
    assert width > 0.6 * (end - start)
    inside = _below(told)[:, start:end]
    assert (inside == 255).all(2).mean() > 0.6  # letters on white, and no map


def test_what_is_refused_of_one_row_leaves_the_others_as_they_are() -> None:
    images, maps, scores = _images(2), _maps(2), torch.zeros(2)
    whole = attribution_sheet(images, maps, scores)
    less = attribution_sheet(
        images, maps, scores, notes=None, refusals={"layer 1": ["a reason", "another"]}
    )
    rows, _, _ = changed_box(whole, less)
    assert rows.start > 0.6 * len(whole)
    assert whole.shape == less.shape


def test_one_reason_for_all_is_written_once_across_the_row() -> None:
    short = attribution_sheet(
        _grey(4), _maps(4, 1), torch.zeros(4), notes=None, refusals=_refused(*["flat"] * 4)
    )
    assert [count > 0 for count in _words_in(short)] == [True, False, False, False]
    each = attribution_sheet(
        _grey(4), _maps(4, 1), torch.zeros(4), notes=None, refusals=_refused(*"abcd")
    )
    assert all(_words_in(each))


def test_a_reason_across_the_row_can_be_read_to_its_end() -> None:
    """No cell that comes later is painted over it."""
    reason = " ".join(["the target is constant for every image, for noise and for black"] * 3)
    sheet = attribution_sheet(
        _grey(4), _maps(4, 1), torch.zeros(4), notes=None, refusals=_refused(*[reason] * 4)
    )
    columns = _columns(sheet)
    inked = np.flatnonzero(_warm(_below(sheet)).any(0))
    assert inked.min() >= columns[0][0] - 2
    assert inked.max() > columns[-1][0]
    assert inked.max() <= columns[-1][1] + 2
    assert np.diff(inked).max() < (columns[0][1] - columns[0][0]) / 4  # no more than a blank


def test_a_row_without_maps_has_no_scale() -> None:
    def sheet(factor: float) -> NDArray[np.uint8]:
        maps = {"layer 0": factor * _maps(2, 1)["layer 0"]}
        return attribution_sheet(
            _images(2), maps, torch.zeros(2), notes=None, refusals=_refused("why", "why")
        )

    np.testing.assert_array_equal(sheet(1), sheet(1000))


def test_an_only_image_may_be_refused() -> None:
    sheet = attribution_sheet(
        _grey(1), _maps(1, 1), torch.zeros(1), notes=None, refusals=_refused("flat")
    )
    assert _words_in(sheet)[0] > 10


def test_reasons_of_images_that_are_not_shown_do_not_count() -> None:
    images, maps, scores = _images(2), _maps(2, 1), torch.zeros(2)
    few = attribution_sheet(images, maps, scores, notes=None, refusals=_refused("", "no"))
    many = attribution_sheet(
        images, maps, scores, notes=None, refusals=_refused("", "no", "other", "")
    )
    np.testing.assert_array_equal(few, many)
