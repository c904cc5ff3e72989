"""One rule for every size: Pillow's bicubic in floats, derived anew here from its kernel."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from ganatomy.data.resizing import resize
from ganatomy.data.value_words import sentences_on, warnings_of
from ganatomy.errors import InputError
from tests.unit.data.raws import both, raw_arrays, raw_files, read_back, run_prepare, save

Float = NDArray[np.float64]


def _noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _keys(x: Float) -> Float:
    """The cubic of Keys (1981) with a = -1/2."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _weights(count: int, low: float, high: float, wanted: int) -> Float:
    """Rows of weights that bring the stretch from low to high of `count` pixels to `wanted`."""
    scale = (high - low) / wanted
    centres = low + (np.arange(wanted) + 0.5) * scale
    wide = max(scale, 1.0)  # wider than a pixel where there are fewer: so nothing aliases
    weights = _keys((np.arange(count) + 0.5 - centres[:, None]) / wide)
    return weights / weights.sum(1, keepdims=True)


def _derived(plane: NDArray[np.uint8], shape: tuple[int, int], box: tuple[float, ...]) -> Float:
    left, top, right, bottom = box
    rows = _weights(plane.shape[0], top, bottom, shape[0])
    columns = _weights(plane.shape[1], left, right, shape[1])
    return (rows @ plane.astype(np.float64) @ columns.T).clip(0, 255)


# Of 50 rows and 90 columns: what is kept, by hand.
KEPT = {
    (20, 20): (20, 0, 70, 50),
    (25, 15): (30, 0, 60, 50),
    (10, 20): (0, 2.5, 90, 47.5),
    (70, 100): (90 / 2 - 250 / 7, 0, 90 / 2 + 250 / 7, 50),
}


@pytest.mark.parametrize(("shape", "box"), KEPT.items())
def test_what_is_kept_is_resized_as_the_kernel_says(
    shape: tuple[int, int], box: tuple[float, ...]
) -> None:
    pixels = _noise(50, 90, 3)
    found = resize(pixels, shape, "crop")
    for channel in range(3):
        expected = _derived(pixels[..., channel], shape, box)
        assert np.abs(found[..., channel] - expected).max() <= 0.5 + 1e-3  # rounded once


@pytest.mark.parametrize("shape", [(20, 20), (8, 64), (128, 128)])
def test_stretching_agrees_with_pillow_in_floats_and_with_torch(shape: tuple[int, int]) -> None:
    pixels = _noise(50, 90, 2)
    found = resize(pixels, shape, "stretch").astype(int)
    given = torch.from_numpy(pixels).permute(2, 0, 1)[None].double()
    by_torch = functional.interpolate(
        given, shape, mode="bicubic", antialias=True, align_corners=False
    )
    for channel in range(2):
        plane = Image.fromarray(pixels[..., channel]).convert("F")
        by_pillow = np.asarray(plane.resize(shape[::-1], Image.Resampling.BICUBIC))
        np.testing.assert_array_equal(found[..., channel], np.rint(by_pillow.clip(0, 255)))
        expected = by_torch[0, channel].clamp(0, 255).numpy()
        assert np.abs(found[..., channel] - expected).max() <= 0.5 + 1e-2


def test_nothing_aliases() -> None:
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)[..., None]
    inner = resize(board, (16, 16), "crop")[2:-2, 2:-2]
    assert np.abs(inner.astype(float) - 127.5).max() <= 1


def test_a_frame_is_even_and_its_inside_the_whole_image() -> None:
    pixels = _noise(30, 90, 1)
    found = resize(pixels, (24, 24), "pad", fill=200)
    assert (found[:8] == 200).all()
    assert (found[16:] == 200).all()
    np.testing.assert_array_equal(found[8:16], resize(pixels, (8, 24), "stretch"))
    upright = resize(pixels.transpose(1, 0, 2), (24, 24), "pad", fill=200)
    np.testing.assert_array_equal(upright, found.transpose(1, 0, 2))


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_the_right_size_is_left_as_it_is(fit: str) -> None:
    pixels = _noise(20, 12, 3)
    assert resize(pixels, (20, 12), fit) is pixels


def test_files_and_arrays_have_one_rule(tmp_path: Path) -> None:
    pixels = _noise(40, 40, 3)
    by_file = read_back(save(Image.fromarray(pixels), tmp_path / "a.png"))
    array = torch.from_numpy(pixels).permute(2, 0, 1)[None].repeat(2, 1, 1, 1)
    by_array = both(run_prepare(raw_arrays(array)))[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(by_file, by_array)
    np.testing.assert_array_equal(by_file, resize(pixels, (28, 28), "crop"))


def test_grey_files_are_resized_as_their_colours_would_be(tmp_path: Path) -> None:
    pixels = _noise(40, 60)
    grey = save(Image.fromarray(pixels), tmp_path / "grey.png")
    colour = save(Image.fromarray(pixels).convert("RGB"), tmp_path / "colour.png")
    np.testing.assert_array_equal(read_back(grey), read_back(colour))


def test_frames_have_the_ground_that_all_have(tmp_path: Path) -> None:
    icon = np.zeros((20, 10, 4), dtype=np.uint8)
    icon[5:15, 2:8, 3] = 255
    paths = [
        save(Image.new("RGB", (40, 20), (9, 9, 9)), tmp_path / "photo.png"),
        save(Image.fromarray(icon), tmp_path / "icon.png"),
    ]
    prepared = run_prepare(raw_files(*paths), fit="pad")
    assert all((image[:, 0, 0] == 255).all() for image in both(prepared))
    assert prepared.values is not None
    assert "all 2 images; they are framed in white" in sentences_on(prepared.values.card())[-1]


@pytest.mark.parametrize(("fit", "told"), [("crop", "cut off"), ("stretch", "stretched")])
def test_other_proportions_are_counted_and_no_warning(fit: str, told: str, tmp_path: Path) -> None:
    sizes = [(40, 40), (28, 28), (40, 39)]
    paths = [save(Image.new("L", size), tmp_path / f"{size}.png") for size in sizes]
    prepared = run_prepare(raw_files(*paths), fit=fit)  # type: ignore[arg-type]
    assert prepared.values is not None
    card = prepared.values.card()
    assert len(sentences_on(card)) == 1
    assert "1 of 3 images" in sentences_on(card)[0]
    assert told in sentences_on(card)[0]
    assert warnings_of(card) == []


def test_another_fit_is_refused() -> None:
    with pytest.raises(InputError, match="unknown choice 'squeeze'"):
        run_prepare(raw_arrays(torch.zeros(4, 1, 9, 9, dtype=torch.uint8)), fit="squeeze")  # type: ignore[arg-type]
