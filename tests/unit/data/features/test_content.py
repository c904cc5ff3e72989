"""Content of images: bands, symmetry, noise, background, colour, regions."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import known
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from tests.unit.conftest import MakeDataset
from tests.unit.data.features import planted
from tests.unit.data.features.planted import SIDE, feature

BANDS = ["blur", "mid_frequencies", "low_frequencies"]


@pytest.mark.parametrize("waves", [1, 3, 10, 20])
def test_bands_are_what_gaussians_pass(waves: int) -> None:
    """A Gaussian of deviation s passes exp(-(2 pi f s)^2 / 2) of frequency f.

    Waves that stand at their crests at both edges go on when the image is reflected there.
    """
    frequency = waves / 2 / (SIDE - 1)
    wave = torch.cos(2 * math.pi * frequency * torch.arange(SIDE)).expand(1, SIDE, SIDE)
    images = torch.tensor([0.4, 0.8]).view(-1, 1, 1, 1) * wave
    narrow, wide = (
        math.exp(-0.5 * (2 * math.pi * frequency * SIDE / part) ** 2) for part in (28, 7)
    )
    for name, share in zip(BANDS, (1 - narrow, narrow - wide, wide)):
        band, deviation = feature(name, images), images.std((1, 2, 3), correction=0)
        torch.testing.assert_close(band.measure(images), share * deviation, atol=0.008, rtol=0)
        left = band.change(images, "remove", 0)
        if name == "low_frequencies":
            left = left - images.mean()
        torch.testing.assert_close(left, (1 - share) * images, atol=0.012, rtol=0)


@pytest.mark.parametrize("name", [*BANDS, "symmetry", "colour"])
def test_components_are_exchanged(name: str) -> None:
    """What is linear can be written down: the rest of i plus the component of another."""
    images = planted.smooth(12, 3)
    chosen = feature(name, images)
    removed = chosen.change(images, "remove", 0)
    if name == "low_frequencies":
        removed = removed - images.mean()
    component = images - removed
    changed = chosen.change(images, "permute", 0) - removed
    distances = (changed.unsqueeze(1) - component.unsqueeze(0)).abs().amax((2, 3, 4))
    donors = distances.argmin(1)
    assert sorted(donors.tolist()) == list(range(12))
    assert donors.tolist() != list(range(12))
    assert distances.amin(1).max() < 1e-5


@pytest.mark.parametrize("name", [*BANDS, "symmetry", "colour"])
def test_noise_is_as_strong_and_tells_nothing(name: str) -> None:
    images = planted.smooth(40, 3)
    chosen = feature(name, images)
    rest = chosen.change(images, "remove", 0)
    noisy = chosen.change(images, "noise", 0)
    strength = chosen.measure(images)
    found = noisy - rest
    if name == "low_frequencies":
        found = found + images.mean()
    deviation = found.std((1, 2, 3), correction=0)
    torch.testing.assert_close(deviation, strength, rtol=0.02, atol=1e-4)
    component = images - rest
    pairs = torch.stack([found.flatten(), (component - component.mean((1, 2, 3), True)).flatten()])
    if name != "low_frequencies":
        assert abs(torch.corrcoef(pairs)[0, 1]) < 0.05


def test_symmetric_images() -> None:
    images = planted.smooth(6, 3)
    chosen = feature("symmetry", images)
    changed = chosen.change(images, "remove", 0)
    torch.testing.assert_close(changed, changed.flip(-1))
    torch.testing.assert_close(changed.mean(-1), images.mean(-1))
    assert chosen.measure(changed).max() < 1e-6
    odd = (images - images.flip(-1)) / 2
    torch.testing.assert_close(chosen.measure(images), odd.square().mean((1, 2, 3)).sqrt())


@pytest.mark.parametrize("deviation", [0.05, 0.2])
def test_noise_is_estimated_removed_and_added(deviation: float) -> None:
    draw = torch.Generator().manual_seed(0)
    clean = planted.blobs([5.0] * 60)
    images = clean * 0.2 + deviation * torch.randn(clean.shape, generator=draw)
    chosen = feature("noise", images)
    assert chosen.measure(images).mean() == pytest.approx(deviation, rel=0.03)
    removed = chosen.change(images, "remove", 0)
    expected = ndimage.median_filter(images.numpy(), (1, 1, 3, 3), mode="nearest")
    np.testing.assert_allclose(removed, expected.clip(-1, 1), atol=1e-6)
    assert chosen.measure(removed).mean() < 0.5 * deviation
    added = chosen.change(images, "noise", 0) - images
    assert added.std() == pytest.approx(0.2, rel=0.03)
    assert added.mean() == pytest.approx(0, abs=0.01)


def _before_walls(levels: list[float], texture: float) -> tuple[torch.Tensor, torch.Tensor]:
    """White discs before grey walls of noise; and where the disc is."""
    disc = planted.discs([7.0] * len(levels)) > 0
    draw = torch.Generator().manual_seed(0)
    wall = texture * (2 * torch.rand(disc.shape, generator=draw) - 1)
    return torch.where(disc, 0.9, wall + torch.tensor(levels).view(-1, 1, 1, 1)), disc


@pytest.mark.parametrize("texture", [0.0, 0.25])
def test_background(texture: float) -> None:
    levels = [-0.7, -0.5, -0.3, -0.1, 0.0]
    images, disc = _before_walls(levels, texture)
    chosen = feature("background", images)
    np.testing.assert_allclose(chosen.measure(images), levels, atol=0.02)
    near = torch.nn.functional.max_pool2d(disc.float(), 5, 1, 2) > 0  # two pixels' margin
    for mode in ("remove", "permute", "noise"):
        changed = chosen.change(images, mode, 1)
        assert torch.equal(changed[near], images[near])
        values = chosen.measure(changed).numpy()
        if mode == "remove":
            assert np.ptp(values) < 0.01
            assert values[0] == pytest.approx(-0.3, abs=0.02)
        elif mode == "permute":
            np.testing.assert_allclose(np.sort(values), levels, atol=0.02)
            assert np.abs(values - levels).max() > 0.1
        else:
            wall = changed.masked_select(~near)
            assert wall.std() == pytest.approx(1 / math.sqrt(3), rel=0.05)


def test_colour_is_exchanged_pixel_by_pixel() -> None:
    images = planted.coloured([0.0, 0.3, 0.6])
    changed = feature("colour", images).change(images, "permute", 1)
    torch.testing.assert_close(changed.mean(1), images.mean(1), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("size", "grid"), [(28, 4), (28, 3), (32, 5), (28, 1), (10, 10)])
def test_cells_of_any_grid_tile_the_image(size: int, grid: int, make_dataset: MakeDataset) -> None:
    dataset = make_dataset(4, 1, size)
    features = known(dataset, grid)
    insides = [features[f"cell_{k // grid}_{k % grid}"].inside(size) for k in range(grid**2)]  # type: ignore[union-attr]
    assert (torch.stack(insides).sum(0) == 1).all()
    sides = {tuple(inside.any(axis).sum().item() for axis in (0, 1)) for inside in insides}
    assert {side for pair in sides for side in pair} <= {size // grid, -(-size // grid)}


@pytest.mark.parametrize("mode", ["remove", "permute", "noise"])
def test_outside_of_a_cell_nothing_moves(mode: str) -> None:
    images = planted.smooth(200)
    inside = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    inside[8:16, 24:32] = True
    chosen = feature("cell_1_3", images)
    changed = chosen.change(images, mode, 0)
    assert torch.equal(changed[..., ~inside], images[..., ~inside])
    before, after = chosen.measure(images).numpy(), chosen.measure(changed).numpy()
    np.testing.assert_allclose(before, images[..., 8:16, 24:32].mean((1, 2, 3)), atol=1e-6)
    if mode == "remove":
        np.testing.assert_allclose(after, before.mean(), atol=1e-6)
    elif mode == "permute":
        np.testing.assert_array_equal(np.sort(after), np.sort(before))
    else:
        assert changed[..., inside].std() == pytest.approx(1 / math.sqrt(3), rel=0.03)
    if mode != "remove":
        assert abs(np.corrcoef(before, after)[0, 1]) < 0.2


@pytest.mark.parametrize("grid", [0, 29])
def test_grid_that_does_not_fit(grid: int, digits: Dataset) -> None:
    with pytest.raises(InputError, match=f"no grid of {grid} by {grid} cells fits on 28 by 28"):
        known(digits, grid)


def _save(path: Path, marked: np.ndarray, mode: str) -> Path:  # type: ignore[type-arg]
    image = Image.fromarray((marked * 255).astype(np.uint8))
    image = image.convert("RGBA") if mode == "RGBA" else image.convert(mode)
    image.save(path)
    return path


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_mask_of_any_mode(mode: str, tmp_path: Path, digits: Dataset) -> None:
    marked = np.zeros((28, 28))
    marked[3:9, 5:20] = 1
    path = _save(tmp_path / "mouth.png", marked, mode)
    region = known(digits, masks=[path])["mask_mouth"]
    images = to_float(digits.images)
    changed = region.change(images, "remove", 0)  # type: ignore[union-attr]
    inside = torch.from_numpy(marked).bool()
    assert torch.equal(changed[..., ~inside], images[..., ~inside])
    mean = images.mean(0)[..., inside].expand(len(images), -1, -1)
    torch.testing.assert_close(changed[..., inside], mean, atol=1e-5, rtol=0)
    assert "mouth.png" in region.meaning("remove")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("small", "20 by 28 pixels, the images are 28 by 28"),
        ("empty", r"\(28 by 28\) marks nothing"),
        ("full", r"\(28 by 28\) marks everything"),
        ("absent", "no such mask file"),
        ("text", "cannot be read"),
    ],
)
def test_unusable_mask(what: str, message: str, tmp_path: Path, digits: Dataset) -> None:
    path = tmp_path / "eyes.png"
    if what == "text":
        path.write_text("no picture")
    elif what != "absent":
        level = {"small": 1.0, "empty": 0.0, "full": 1.0}[what]
        _save(path, np.full((28, 20 if what == "small" else 28), level), "L")
    with pytest.raises(InputError, match=message) as caught:
        known(digits, masks=[path])
    assert str(path) in caught.value.where
    assert "28 by 28" in caught.value.remedy


def test_masks_of_the_same_name(tmp_path: Path, digits: Dataset) -> None:
    marked = np.eye(28)
    (tmp_path / "other").mkdir()
    paths = [_save(folder / "a.png", marked, "L") for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(InputError, match="same name"):
        known(digits, masks=paths)
