"""Values of an image: measured where they are known, and set to others."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.unit.data.features import planted


def _values(name: str, images: torch.Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = planted.feature(name, images).measure(images).double().numpy()
    return found


DEGREES = [-40.0, -25.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0]
RADII = [2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5]
TURNS = [0.02, 0.08, 0.14, 0.20, 0.26, 0.90, 0.96, 0.99]
CENTRES = [(-6.0, 0.0), (-4.0, 3.0), (-2.0, -5.0), (0.0, 4.0), (1.0, 1.0), (3.0, -2.0), (5.0, 5.0)]
SATURATIONS = [0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45]


def _saturated() -> torch.Tensor:
    return torch.cat([planted.coloured([0.3], saturation) for saturation in SATURATIONS])


def test_slant_of_a_bar() -> None:
    """An ellipse of deviations a and b, turned by t: xy moment over yy moment."""
    t = np.deg2rad(DEGREES)
    a, b = 25.0, 1.44
    expected = (a - b) * np.sin(t) * np.cos(t) / (a * np.cos(t) ** 2 + b * np.sin(t) ** 2)
    found = _values("orientation", planted.bars(DEGREES))
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_slant_is_capped() -> None:
    np.testing.assert_allclose(_values("orientation", planted.bars([-70.0, 70.0])), [-1, 1])


def test_radius_of_a_disc() -> None:
    """Mean squared distance in a disc: R^2 / 2."""
    radii = [5.0, 8.0, 11.0]
    found = _values("scale", planted.discs(radii))
    np.testing.assert_allclose(found, np.array(radii) / math.sqrt(2), rtol=0.02)


def test_distance_from_the_middle() -> None:
    images = planted.blobs([2.0] * len(CENTRES), CENTRES)
    expected = [math.hypot(*centre) for centre in CENTRES]
    np.testing.assert_allclose(_values("position", images), expected, atol=0.01)


@pytest.mark.parametrize("width", [1, 2, 5, 9])
def test_thickness_of_a_strip(width: int) -> None:
    """Area 20 w; outline 2 (w + 20), but for the one corner that is cut: 2 becomes sqrt 2."""
    expected = 2 * 20 * width / (2 * (width + 20) - 2 + math.sqrt(2))
    assert _values("thickness", planted.strips([width]))[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("saturation", [0.2, 1.0])
def test_hue_and_saturation(saturation: float) -> None:
    images = planted.coloured([0, 1 / 12, 1 / 6, 1 / 3, 0.55, 2 / 3, 0.9], saturation)
    expected = [0, 30, 60, 120, 198, 240, 324]
    np.testing.assert_allclose(_values("hue", images) % 359.999, expected, atol=0.01)
    np.testing.assert_allclose(_values("saturation", images), saturation, atol=1e-5)


def test_mean_hue_goes_round() -> None:
    """Half 350 and half 20 degrees: 5, not 185."""
    one, other = planted.coloured([350 / 360, 20 / 360])
    image = torch.where(torch.arange(planted.SIDE) % 2 == 0, one, other).unsqueeze(0)
    assert _values("hue", image)[0] == pytest.approx(5, abs=0.01)


def test_brightness_and_contrast() -> None:
    images = planted.smooth(6, 3)
    array = images.double().numpy()
    np.testing.assert_allclose(_values("brightness", images), array.mean((1, 2, 3)), atol=1e-6)
    np.testing.assert_allclose(_values("contrast", images), array.std((1, 2, 3)), atol=1e-6)


IMAGES = {
    "orientation": (planted.bars(DEGREES), 0.02),
    "position": (planted.blobs([2.0] * len(CENTRES), CENTRES), 0.05),
    "scale": (planted.blobs(RADII[:6]), 0.15),
    "thickness": (planted.strips([2, 3, 4, 5, 6]), 0.15),
    "brightness": (planted.smooth(8), 1e-5),
    "contrast": (planted.smooth(8), 1e-4),
    "hue": (planted.coloured(TURNS), 0.01),
    "saturation": (_saturated(), 1e-4),
}
REMOVED = {
    "orientation": 0.0,
    "position": 0.0,
    "scale": math.sqrt(2) * float(np.mean(RADII[:6])),
    "saturation": float(np.mean(SATURATIONS)),
    "brightness": float(planted.smooth(8).mean()),
}


@pytest.mark.parametrize("name", REMOVED)
def test_removal_leaves_one_value(name: str) -> None:
    images, tolerance = IMAGES[name]
    changed = planted.feature(name, images).change(images, "remove", 0)
    np.testing.assert_allclose(_values(name, changed), REMOVED[name], atol=tolerance)
    assert np.ptp(_values(name, images)) > 4 * tolerance


def test_removed_hue_is_the_circular_mean() -> None:
    images, tolerance = IMAGES["hue"]
    changed = planted.feature("hue", images).change(images, "remove", 0)
    vectors = np.exp(2j * np.pi * np.array(TURNS))
    expected = np.rad2deg(np.angle(vectors.mean())) % 360
    np.testing.assert_allclose(_values("hue", changed), expected, atol=tolerance)


@pytest.mark.parametrize("name", IMAGES)
def test_permutation_exchanges_the_values(name: str) -> None:
    images, tolerance = IMAGES[name]
    changed = planted.feature(name, images).change(images, "permute", 1)
    before, after = _values(name, images), _values(name, changed)
    np.testing.assert_allclose(np.sort(after), np.sort(before), atol=tolerance)
    assert np.abs(after - before).max() > 4 * tolerance


@pytest.mark.parametrize("name", ["brightness", "contrast", "hue", "saturation", "position"])
def test_noise_draws_from_the_datas_range(name: str) -> None:
    images, tolerance = IMAGES[name]
    images = images.repeat(40, 1, 1, 1)
    before = _values(name, images)
    after = _values(name, planted.feature(name, images).change(images, "noise", 0))
    assert abs(np.corrcoef(before, after)[0, 1]) < 0.2
    low, high = (0, 360) if name == "hue" else (before.min(), before.max())
    if name == "position":
        low = 0  # places are drawn, the distance may be any
        high = math.hypot(6, 5)
    assert low - tolerance <= after.min() < low + 0.15 * (high - low)
    assert high - 0.25 * (high - low) < after.max() <= high + tolerance


def test_dark_strokes_reach_a_brightness_too() -> None:
    """Most of the image is black already: a shift of the mean alone would fall short."""
    images = planted.discs([4.0, 7.0, 10.0])
    before = _values("brightness", images)
    changed = planted.feature("brightness", images).change(images, "permute", 2)
    np.testing.assert_allclose(np.sort(_values("brightness", changed)), before, atol=1e-5)


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_other_colour_values_stay(name: str) -> None:
    images, _ = IMAGES[name]
    changed = planted.feature(name, images).change(images, "permute", 1)
    other = "saturation" if name == "hue" else "hue"
    np.testing.assert_allclose(_values(other, changed), _values(other, images), atol=0.01)
    torch.testing.assert_close(changed.amax(1), images.amax(1))
