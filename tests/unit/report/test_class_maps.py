"""Mean maps of classes: where which class and which row is, and what its colours say."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.report.figures.class_maps import class_maps
from tests.unit.report.looking import changed_box, margin_is_white

Maps = dict[str, torch.Tensor]


def _images(names: str, channels: int = 1) -> Maps:
    """The same square in every class: it has an outline."""
    image = torch.full((channels, 28, 28), -1.0)
    image[:, 8:20, 8:20] = 1
    return dict.fromkeys(names, image)


def _level(names: str, value: float) -> Maps:
    return {name: torch.full((28, 28), value) for name in names}


def _grey(names: str) -> Maps:
    """One grey everywhere: without an outline."""
    return {name: torch.zeros(1, 28, 28) for name in names}


def _below(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The maps of a sheet with one row of them, without what is written."""
    return picture[210:, 118:]


def _warmth(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    return picture[..., 0].astype(np.int64) - picture[..., 2]


@pytest.mark.parametrize("channels", [1, 3])
def test_equal_data_gives_equal_pixels(channels: int) -> None:
    arguments = {"LIME": _level("ab", 0.5)}, _images("ab", channels), {"a": "9 images"}
    first, second = class_maps(*arguments), class_maps(*arguments)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert margin_is_white(first)


def test_a_column_is_a_class_and_a_row_an_explanation() -> None:
    rows = {"first": _level("abc", 0.4), "second": _level("abc", 0.4)}
    before = class_maps(rows, _images("abc"))
    centres = {}
    for title in rows:
        for name in "abc":
            changed = {key: dict(maps) for key, maps in rows.items()}
            changed[title][name] = changed[title][name].clone()
            changed[title][name][2:26, 2:26] = 0.1  # not the largest: the scale stays
            down, right, _ = changed_box(before, class_maps(changed, _images("abc")))
            centres[title, name] = (down.start + down.stop) / 2, (right.start + right.stop) / 2
    for title in rows:
        across = [centres[title, name][1] for name in "abc"]
        assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=2)
        assert across[1] - across[0] > 80
        assert len({round(centres[title, name][0]) for name in "abc"}) == 1
    assert centres["second", "a"][0] - centres["first", "a"][0] > 80
    assert centres["second", "a"][1] == pytest.approx(centres["first", "a"][1], abs=1)


def test_more_magnitude_is_darker_within_a_row_and_rows_have_their_own_scale() -> None:
    maps = {name: torch.full((28, 28), value) for name, value in zip("abc", (0.25, 0.5, 1.0))}
    faint = {name: values / 10 for name, values in maps.items()}
    picture = class_maps({"m": maps}, _grey("abc"))
    shades = []
    for part in np.array_split(_below(picture), 3, axis=1):
        inside = part[_warmth(part) > 20]
        assert len(inside) > 5000
        shades.append(float(np.median(inside.sum(1))))
    assert shades[0] > shades[1] > shades[2]
    small = class_maps({"m": faint}, _grey("abc"))
    np.testing.assert_array_equal(_below(picture), _below(small))
    assert (picture[:, :170] != small[:, :170]).any()  # the label says the scale


def test_red_raises_blue_lowers_once_a_row_has_signs() -> None:
    warmth = _warmth(_below(class_maps({"m": _level("a", 1.0) | _level("b", -1.0)}, _grey("ab"))))
    red, blue = (np.argwhere(mask)[:, 1] for mask in (warmth > 40, warmth < -40))
    assert len(red) > 5000
    assert len(blue) > 5000
    assert red.max() < blue.min()
    magnitudes = class_maps({"m": _level("a", 1.0) | _level("b", 0.5)}, _grey("ab"))
    assert (_warmth(_below(magnitudes)) > -20).all()


def test_the_outline_of_the_mean_image_lies_over_its_maps() -> None:
    rows = {"m": _level("a", 1.0) | _level("b", 0.0)}
    without, with_square = (_below(class_maps(rows, given("ab"))) for given in (_grey, _images))
    side = int((without.max(2) < 200).any(1).sum())  # of the first map, which is dark
    _, _, (high, wide) = changed_box(without[:, :side], with_square[:, :side])
    assert high == pytest.approx(12 / 28 * side, abs=6)
    assert wide == pytest.approx(12 / 28 * side, abs=6)


@pytest.mark.parametrize("missing", ["absent", "nan"])
def test_a_class_without_a_map_leaves_an_empty_place(missing: str) -> None:
    maps = _level("abc", 0.4)
    before = class_maps({"m": maps}, _images("abc"))
    if missing == "absent":
        del maps["b"]
    else:
        maps["b"] = torch.full((28, 28), torch.nan)
    after = class_maps({"m": maps}, _images("abc"))
    down, right, box = changed_box(before, after)
    assert min(box) > 80
    assert (after[down, right] == 255).all()


def test_what_is_0_everywhere_and_no_explanation_at_all_can_be_drawn() -> None:
    nothing = class_maps({"m": _level("ab", 0.0)}, _images("ab"))
    assert (np.abs(_warmth(_below(nothing))) < 20).all()
    assert class_maps({}, _images("ab")).shape[0] < nothing.shape[0]
    assert class_maps({"m": {}}, _images("ab")).shape == nothing.shape


def test_the_eleventh_class_begins_a_new_row() -> None:
    names = "abcdefghijk"
    ten = class_maps({"m": _level(names[:10], 1.0)}, _images(names[:10]))
    eleven = class_maps({"m": _level(names, 1.0)}, _images(names))
    assert eleven.shape[0] == pytest.approx(2 * ten.shape[0], abs=2)
    assert eleven.shape[1] == ten.shape[1]
