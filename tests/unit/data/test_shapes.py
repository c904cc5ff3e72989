"""Images of any side, and of two: prepared, measured, changed, learned from, or refused."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from flows import params
from ganatomy.data.card import describe
from ganatomy.data.dataset import Dataset
from ganatomy.data.duplicates import find_duplicates
from ganatomy.data.features import Feature, known
from ganatomy.data.images import to_float, to_uint8
from ganatomy.data.resizing import resize
from ganatomy.errors import InputError
from ganatomy.gan.settings import RETRAINING
from ganatomy.gan.training import architecture_for
from ganatomy.metrics.evaluator import train_evaluator
from ganatomy.report.sections.data_words import finding_of_data
from tests.unit.data.raws import both, raw_arrays, raw_files, run_prepare, save

HEIGHT, WIDTH = 40, 64


def _noise(count: int, height: int = HEIGHT, width: int = WIDTH) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    shape = (count, 3, height, width)
    return torch.randint(0, 256, shape, generator=draw, dtype=torch.uint8)


def _dataset(images: torch.Tensor) -> Dataset:
    return Dataset(images, torch.zeros(len(images), dtype=torch.int64))


def _spot(x: float, y: float, along_x: float, along_y: float, slant: float) -> torch.Tensor:
    """A bright spot, so many pixels from the middle, sheared: shape (1, 1, HEIGHT, WIDTH)."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    dy, dx = rows - (HEIGHT - 1) / 2 - y, columns - (WIDTH - 1) / 2 - x
    dx = dx - slant * dy
    bright = np.exp(-0.5 * ((dx / along_x) ** 2 + (dy / along_y) ** 2))
    return torch.from_numpy(bright * 2 - 1).float()[None, None]


def _feature(name: str) -> Feature:
    found = known(_dataset(_noise(2)))[name]
    assert isinstance(found, Feature)
    return found


# ---- prepared ----


@pytest.mark.parametrize("size", [36, 8, (40, 64), (64, 40)])
def test_any_size_is_prepared(size: int | tuple[int, int], tmp_path: Path) -> None:
    height, width = (size, size) if isinstance(size, int) else size
    pixels = _noise(1, 50, 90)[0].permute(1, 2, 0).numpy()
    path = save(Image.fromarray(pixels), tmp_path / "a.png")
    images = both(run_prepare(raw_files(path, path), size))
    assert images.shape == (2, 3, height, width)
    expected = resize(pixels, (height, width), "crop")
    np.testing.assert_array_equal(images[0].permute(1, 2, 0).numpy(), expected)
    arrays = both(run_prepare(raw_arrays(_noise(2, 50, 90)), size))
    assert torch.equal(arrays[0], images[0]) or torch.equal(arrays[1], images[0])


def test_the_card_says_both_sides() -> None:
    cards = [describe(_dataset(_noise(4, *shape))) for shape in ((40, 64), (28, 28))]
    assert [card["image_size"] for card in cards] == [[40, 64], 28]
    repeats = {"num_held_out_in_training": 0}
    said = [
        finding_of_data({"train": card, "test": card, "duplicates": repeats, "num_quarantined": 0})
        for card in cards
    ]
    assert "of 64 \N{MULTIPLICATION SIGN} 40 px" in said[0]
    assert "of 28 \N{MULTIPLICATION SIGN} 28 px" in said[1]


# ---- measured and changed ----


@pytest.mark.parametrize(("x", "y"), [(0, 0), (9, -4), (-12, 5)])
def test_position_and_scale_are_in_pixels_both_ways(x: int, y: int) -> None:
    image = _spot(x, y, 3.0, 2.0, 0.0)
    assert float(_feature("position").measure(image)) == pytest.approx(math.hypot(x, y), abs=0.05)
    assert float(_feature("scale").measure(image)) == pytest.approx(math.hypot(3, 2), abs=0.05)


@pytest.mark.parametrize("slant", [-0.5, 0.0, 0.4])
def test_the_slant_is_that_of_pixels(slant: float) -> None:
    image = _spot(0, 0, 2.0, 4.0, slant)
    assert float(_feature("orientation").measure(image)) == pytest.approx(slant, abs=0.02)
    upright = _feature("orientation").change(image, "remove", 0)
    torch.testing.assert_close(upright, _spot(0, 0, 2.0, 4.0, 0.0), atol=0.1, rtol=0)


def test_a_spot_is_moved_to_the_middle_and_keeps_its_form() -> None:
    moved = _feature("position").change(_spot(9, -4, 3.0, 2.0, 0.3), "remove", 0)
    torch.testing.assert_close(moved, _spot(0, 0, 3.0, 2.0, 0.3), atol=0.05, rtol=0)


def test_a_spot_is_zoomed_alike_both_ways() -> None:
    images = torch.cat([_spot(0, 0, 3.0, 2.0, 0.0), _spot(0, 0, 6.0, 4.0, 0.0)])
    zoomed = _feature("scale").change(images, "remove", 0)
    torch.testing.assert_close(zoomed[0], zoomed[1], atol=0.1, rtol=0)
    torch.testing.assert_close(zoomed[:1], _spot(0, 0, 4.5, 3.0, 0.0), atol=0.1, rtol=0)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (9, 9)])
def test_every_feature_is_changed_in_every_way(shape: tuple[int, int]) -> None:
    images = to_float(_noise(6, *shape))
    features = known(_dataset(to_uint8(images)))
    changed = 0
    for feature in features.values():
        if not isinstance(feature, Feature):
            continue
        assert feature.measure(images).shape == (6,)
        for mode in feature.modes:
            after = feature.change(images, mode, 0)
            assert after.shape == images.shape
            assert bool(after.isfinite().all())
            changed += 1
    assert changed > 60


def test_cells_tile_what_is_not_square() -> None:
    features = known(_dataset(_noise(2)), 4)
    cells = [features[f"cell_{k // 4}_{k % 4}"] for k in range(16)]
    masks = torch.stack([cell.mask((HEIGHT, WIDTH)) for cell in cells])  # type: ignore[union-attr]
    assert (masks.sum(0) == 1).all()
    assert {int(mask.sum()) for mask in masks} == {HEIGHT * WIDTH // 16}
    with pytest.raises(InputError, match=f"on {WIDTH} by {HEIGHT} pixels"):
        known(_dataset(_noise(2)), HEIGHT + 1)


def test_a_mask_has_the_shape_of_the_images(tmp_path: Path) -> None:
    marked = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    marked[5:9, 40:60] = 255
    path = save(Image.fromarray(marked), tmp_path / "part.png")
    region = known(_dataset(_noise(2)), masks=[path])["mask_part"]
    assert isinstance(region, Feature)
    images = to_float(_noise(8))
    after = region.change(images, "remove", 0)
    inside = torch.from_numpy(marked > 0)
    assert torch.equal(after[..., ~inside], images[..., ~inside])
    mean = images.mean(0).expand_as(images)
    torch.testing.assert_close(after[..., inside], mean[..., inside], atol=1e-5, rtol=0)
    with pytest.raises(InputError, match=r"mask is 64 by 40 pixels, the images are 40 by 64"):
        known(_dataset(_noise(2, WIDTH, HEIGHT)), masks=[path])


def _smooth(count: int) -> NDArray[np.float64]:
    draw = np.random.default_rng(1)
    coarse = draw.integers(0, 256, (count, 6, 9, 1), dtype=np.uint8)
    return np.stack([resize(each, (HEIGHT + 2, WIDTH + 2), "stretch") for each in coarse])


def test_repeated_pictures_are_found_whatever_their_shape() -> None:
    smooth = torch.from_numpy(_smooth(40)).permute(0, 3, 1, 2)
    images = smooth[..., 1:-1, 1:-1]
    moved = smooth[[3, 7], :, 1:-1, 2:]
    found = find_duplicates(torch.cat([images, moved, images[[5]]]).contiguous())
    assert found.group.tolist() == [*range(40), 3, 7, 5]
    assert find_duplicates(images.transpose(2, 3).contiguous()).group.tolist() == [*range(40)]


# ---- learned from, or refused ----


@pytest.mark.parametrize("shape", [(12, 20), (20, 12), (9, 9)])
def test_an_evaluator_learns_from_any_shape(shape: tuple[int, int]) -> None:
    images = _noise(12, *shape)
    network = train_evaluator(
        _dataset(images),
        2,
        1,
        batch_size=4,
        seed=0,
        device=torch.device("cpu"),
        progress=lambda done, total: None,
    )
    assert network.features(to_float(images)).shape == (12, 8)


def test_no_gan_is_trained_on_what_is_not_square() -> None:
    with pytest.raises(InputError, match=r"64 by 40 pixels.*square images only"):
        architecture_for(_noise(2), RETRAINING, 0)


@pytest.mark.parametrize(
    ("size", "networks", "is_allowed"),
    [
        (64, ["dcgan", "dcgan"], True),
        (36, ["dcgan", "dcgan"], False),
        (36, ["own:G", "dcgan"], False),
        (36, ["own:G", "own:D"], True),
        ([64, 64], ["dcgan", "dcgan"], False),
        ([40, 64], ["own:G", "own:D"], False),
    ],
)
def test_a_size_that_cannot_be_trained_is_refused_before_anything_starts(
    size: int | list[int], networks: list[str], is_allowed: bool
) -> None:
    document = params.defaults()
    document["prepare"]["image_size"] = size
    document["gan"] |= dict(zip(("generator", "discriminator"), networks))
    check: Callable[[], object] = lambda: params.check(document, "here")  # noqa: E731
    if is_allowed:
        check()
    else:
        with pytest.raises(InputError, match="can be trained here"):
            check()
