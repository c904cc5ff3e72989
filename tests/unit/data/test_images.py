"""The two range conversions, contact sheets and PNG files."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.images import BLACK, contact_sheet, to_float, to_uint8, write_png

LEVELS = torch.arange(256, dtype=torch.uint8)


def test_conversion_is_linear_and_covers_the_range() -> None:
    expected = np.arange(256) / 127.5 - 1
    values = to_float(LEVELS)
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.numpy(), expected, rtol=0, atol=1e-7)
    assert float(values[0]) == BLACK == -1.0
    assert float(values[255]) == 1.0


def test_every_level_comes_back() -> None:
    assert torch.equal(to_uint8(to_float(LEVELS)), LEVELS)


def test_levels_are_rounded_and_clamped() -> None:
    values = torch.tensor([-7.0, -1.0, (100.4 / 127.5) - 1, (100.6 / 127.5) - 1, 1.0, 9.0])
    assert to_uint8(values).tolist() == [0, 0, 100, 101, 255, 255]
    assert to_uint8(values).dtype == torch.uint8


def test_conversions_leave_their_input_alone() -> None:
    values = torch.tensor([-1.0, 0.5])
    to_uint8(values)
    assert values.tolist() == [-1.0, 0.5]
    levels = LEVELS.clone()
    to_float(levels)
    assert torch.equal(levels, LEVELS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.int8, torch.bool])
def test_to_float_takes_bytes_only(dtype: torch.dtype) -> None:
    with pytest.raises(TypeError, match="expected uint8"):
        to_float(torch.zeros(2, dtype=dtype))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool])
def test_to_uint8_takes_floats_only(dtype: torch.dtype) -> None:
    with pytest.raises(TypeError, match="expected floating-point"):
        to_uint8(torch.zeros(2, dtype=dtype))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("gap", "scale"), [(2, 1), (2, 3), (0, 2)])
def test_contact_sheet_geometry(channels: int, gap: int, scale: int) -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 250, (5, channels, 4, 6), generator=draw, dtype=torch.uint8)
    sheet = contact_sheet(images, columns=3, gap=gap, scale=scale)
    assert sheet.dtype == np.uint8
    assert sheet.shape == ((2 * (4 + gap) + gap) * scale, (3 * (6 + gap) + gap) * scale, 3)
    small = sheet[::scale, ::scale]
    np.testing.assert_array_equal(np.kron(small, np.ones((scale, scale, 1), np.uint8)), sheet)
    white = np.ones(small.shape[:2], dtype=bool)
    for index, image in enumerate(images.numpy()):
        top, left = gap + index // 3 * (4 + gap), gap + index % 3 * (6 + gap)
        for channel in range(3):
            np.testing.assert_array_equal(
                small[top : top + 4, left : left + 6, channel], image[channel % channels]
            )
        white[top : top + 4, left : left + 6] = False
    assert (small[white] == 255).all()
    assert white.sum() == white.size - 5 * 24


@pytest.mark.parametrize("shape", [(5, 7, 3), (5, 7)])
def test_png_holds_the_pixels(shape: tuple[int, ...], tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_png(tmp_path / "sub" / "a.png", pixels)
    write_png(tmp_path / "b.png", pixels.copy())
    content = (tmp_path / "sub" / "a.png").read_bytes()
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), pixels)
    assert (tmp_path / "b.png").read_bytes() == content
