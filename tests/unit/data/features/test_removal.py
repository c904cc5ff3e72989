"""What removing each feature does, against numpy and scipy."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Feature, known
from ganatomy.data.images import to_float, to_uint8
from tests.unit.conftest import MakeDataset

HALF_A_LEVEL = 0.51  # rounding to bytes, and float32


def _remove(name: str, dataset: Dataset) -> NDArray[np.float64]:
    return _changed(name, dataset).numpy().astype(float)


def _changed(name: str, dataset: Dataset) -> torch.Tensor:
    feature = known(dataset)[name]
    assert isinstance(feature, Feature)
    return to_uint8(feature.change(to_float(dataset.images), "remove", 0))


def _moments(image: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Centroid (x, y) in pixels and central moments (xy, yy) of one grey image."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    weight = image / image.sum()
    x0, y0 = (weight * x).sum(), (weight * y).sum()
    return x0, y0, (weight * (x - x0) * (y - y0)).sum(), (weight * (y - y0) ** 2).sum()


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 2), (3, 3), (2, 0)])
def test_cell_shows_the_mean_image(
    size: int, row: int, column: int, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset(9, 3, size)
    before = dataset.images.numpy()
    after = _remove(f"cell_{row}_{column}", dataset)
    side = size // 4
    inside = np.zeros((size, size), dtype=bool)
    inside[row * side : (row + 1) * side, column * side : (column + 1) * side] = True
    np.testing.assert_array_equal(after[..., ~inside], before[..., ~inside])
    mean = np.broadcast_to(before.mean(0, dtype=float), before.shape)
    np.testing.assert_allclose(after[..., inside], mean[..., inside], atol=HALF_A_LEVEL)


def test_cells_tile_the_image(digits: Dataset) -> None:
    covered = np.zeros((28, 28), dtype=int)
    black_and_white = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
    white = Dataset(black_and_white.repeat(1, 1, 28, 28), torch.zeros(2))
    for name in known(white):
        if name.startswith("cell_"):
            covered += _remove(name, white)[0, 0] > 0
    assert (covered == 1).all()


def test_brightness_gives_every_image_the_same_mean() -> None:
    draw = np.random.default_rng(0)
    base = draw.integers(-20, 21, (8, 3, 28, 28)) + draw.integers(100, 150, (8, 1, 1, 1))
    images = torch.from_numpy(base.astype(np.uint8))
    after = _remove("brightness", Dataset(images, torch.zeros(8, dtype=torch.int64)))
    np.testing.assert_allclose(after.mean((1, 2, 3)), base.mean(), atol=HALF_A_LEVEL)
    assert np.ptp(base.mean((1, 2, 3))) > 20
    assert np.ptp(after - base, axis=(1, 2, 3)).max() <= 1  # each image as a whole


def test_contrast_is_halved_around_each_images_mean(digits: Dataset) -> None:
    before, after = digits.images.numpy().astype(float), _remove("contrast", digits)
    mean = before.mean((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(after, mean + (before - mean) / 2, atol=HALF_A_LEVEL)
    ratio = after.std((1, 2, 3)) / before.std((1, 2, 3))
    np.testing.assert_allclose(ratio, 0.5, atol=0.01)


def _gaussian(image: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    radius = min(max(1, round(3 * sigma)), image.shape[-1] - 1)
    blurred: NDArray[np.float64] = ndimage.gaussian_filter(
        image, sigma, axes=(-2, -1), mode="mirror", radius=radius
    )
    return blurred


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_blur_agrees_with_scipy(size: int, channels: int, make_dataset: MakeDataset) -> None:
    dataset = make_dataset(4, channels, size)
    expected = _gaussian(dataset.images.numpy().astype(float), size / 28)
    np.testing.assert_allclose(_remove("blur", dataset), expected, atol=HALF_A_LEVEL)


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_low_frequencies_agree_with_scipy(
    size: int, channels: int, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset(4, channels, size)
    before = dataset.images.numpy().astype(float)
    expected = (before - _gaussian(before, size / 7) + before.mean()).clip(0, 255)
    np.testing.assert_allclose(_remove("low_frequencies", dataset), expected, atol=HALF_A_LEVEL)


def test_orientation_removes_the_slant(digits: Dataset) -> None:
    """The slant's tangent is the xy moment over the yy moment; shearing keeps every row's sum."""
    before, after = digits.images.numpy().astype(float), _remove("orientation", digits)
    old = np.array([_moments(image[0]) for image in before])
    new = np.array([_moments(image[0]) for image in after])
    slant = old[:, 2] / old[:, 3]
    inside = np.abs(after.sum(3) - before.sum(3)).max((1, 2)) < 28 * 0.5  # nothing was pushed out
    kept = inside & (np.abs(slant) < 1)  # a stronger one is capped
    assert kept.mean() > 0.97
    assert np.median(np.abs(slant[kept])) > 0.1
    assert np.abs(new[kept, 2] / new[kept, 3]).max() < 0.002
    np.testing.assert_allclose(new[kept, :2], old[kept, :2], atol=0.02)


def test_position_moves_the_centroid_to_the_middle(digits: Dataset) -> None:
    draw = np.random.default_rng(0)
    shifted = np.stack(
        [np.roll(image, draw.integers(-3, 4, 2), (1, 2)) for image in digits.images.numpy()]
    )
    dataset = Dataset(torch.from_numpy(shifted), digits.labels, digits.class_names)
    whole = (shifted[:, 0, 0] == 0).all(1) & (shifted[:, 0, -1] == 0).all(1)
    whole &= (shifted[:, 0, :, 0] == 0).all(1) & (shifted[:, 0, :, -1] == 0).all(1)
    before = np.array([_moments(image[0].astype(float))[:2] for image in shifted])
    after = np.array([_moments(image[0])[:2] for image in _remove("position", dataset)])
    assert whole.mean() > 0.8
    assert np.abs(before[whole] - 13.5).mean() > 1
    assert np.abs(after[whole] - 13.5).max() < 0.02


@pytest.mark.parametrize("name", ["position", "orientation"])
def test_black_image_stays_black(name: str) -> None:
    black = Dataset(torch.zeros(2, 1, 28, 28, dtype=torch.uint8), torch.zeros(2))
    assert not _remove(name, black).any()


@pytest.mark.parametrize("name", ["position", "orientation"])
def test_channels_move_together(name: str, digits: Dataset) -> None:
    coloured = Dataset(digits.images.repeat(1, 3, 1, 1), digits.labels, digits.class_names)
    np.testing.assert_array_equal(_remove(name, coloured), _remove(name, digits).repeat(3, axis=1))


@pytest.mark.parametrize("channels", [1, 3])
def test_thickness_is_a_dilation(channels: int, make_dataset: MakeDataset) -> None:
    dataset = make_dataset(5, channels)
    expected = ndimage.grey_dilation(
        dataset.images.numpy(), size=(1, 1, 3, 3), mode="constant", cval=0
    )
    np.testing.assert_array_equal(_remove("thickness", dataset), expected)


def test_colour_becomes_the_mean_of_the_channels(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(4, 3)
    after = _remove("colour", dataset)
    expected = dataset.images.numpy().astype(float).mean(1, keepdims=True)
    np.testing.assert_array_equal(after, after[:, :1].repeat(3, axis=1))
    np.testing.assert_allclose(after[:, :1], expected, atol=HALF_A_LEVEL)
