"""Heatmaps over images: equal data gives equal pixels, and what differs shows."""

import matplotlib as mpl
import numpy as np
import pytest
import torch

from ganatomy.report.heatmaps import attribution_sheet


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
    before = attribution_sheet(images, maps, scores, notes)
    if change == "image":
        images[1] *= -1
    if change == "map":
        maps["layer 1"][0] *= -1
    if change == "score":
        scores[1] = 3.14
    if change == "note":
        notes[0] = "R² 0.9"
    after = attribution_sheet(images, maps, scores, notes)
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
