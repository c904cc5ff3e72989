"""Files of any kind: read, turned, flattened, or refused with a reason."""

import io
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from ganatomy.data.sources import fetch
from ganatomy.errors import InputError
from tests.unit.data.raws import (
    both,
    numbered,
    raw_arrays,
    raw_files,
    read_back,
    run_prepare,
    save,
)


@pytest.mark.parametrize("alpha", [0, 51, 128, 255])
def test_transparency_is_flattened_onto_black(alpha: int, tmp_path: Path) -> None:
    colour = np.array([200, 100, 50])
    path = save(Image.new("RGBA", (28, 28), (*colour, alpha)), tmp_path / "a.png")
    np.testing.assert_allclose(
        read_back(path), np.broadcast_to(colour * alpha / 255, (28, 28, 3)), atol=1
    )


@pytest.mark.parametrize(("background", "brightest"), [(0, 0), (200, 200)])
def test_a_black_drawing_on_nothing_shows_on_the_chosen_background(
    background: int, brightest: int, tmp_path: Path
) -> None:
    drawing = np.zeros((28, 28, 4), dtype=np.uint8)
    drawing[10:18, 10:18, 3] = 255
    paths = [save(Image.fromarray(drawing), tmp_path / f"{name}.png") for name in "ab"]
    images = both(run_prepare(raw_files(*paths), background=background, channels=1))
    assert int(images.max()) == brightest
    assert int(images[:, :, 12:16, 12:16].max()) == 0


def test_grey_with_alpha_is_flattened_too(tmp_path: Path) -> None:
    path = save(Image.new("LA", (28, 28), (200, 51)), tmp_path / "a.png")
    np.testing.assert_allclose(read_back(path), 40, atol=1)


def test_transparent_palette_entry_is_black(tmp_path: Path) -> None:
    image = Image.new("P", (28, 28), 0)
    image.putpalette([250, 0, 0, 0, 250, 0])
    image.paste(1, (14, 0, 28, 28))
    pixels = read_back(save(image, tmp_path / "a.png", transparency=0))
    assert (pixels[:, :14] == 0).all()
    assert (pixels[:, 14:] == [0, 250, 0]).all()


@pytest.mark.parametrize(
    ("deep", "level"), [(0, 0), (255, 0), (256, 1), (0x8000, 128), (65535, 255)]
)
def test_sixteen_bits_of_grey_become_eight(deep: int, level: int, tmp_path: Path) -> None:
    pixels = np.full((28, 28), deep, dtype=np.uint16)
    pixels[0, 0] = 65535  # all 16 bits are used
    path = save(Image.fromarray(pixels), tmp_path / "a.png")
    with Image.open(path) as image:
        assert image.mode.startswith("I")
    assert (read_back(path)[1:] == level).all()


@pytest.mark.parametrize(
    ("orientation", "bright"),
    [
        (1, (slice(None), slice(0, 14))),  # as stored: the left half
        (3, (slice(None), slice(14, 28))),  # turned by 180 degrees: the right half
        (6, (slice(0, 14), slice(None))),  # to be turned clockwise: left becomes top
        (8, (slice(14, 28), slice(None))),  # anticlockwise: left becomes bottom
    ],
)
def test_exif_orientation_is_followed(
    orientation: int, bright: tuple[slice, slice], tmp_path: Path
) -> None:
    image = Image.new("RGB", (28, 28))
    image.paste((255, 255, 255), (0, 0, 14, 28))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = read_back(save(image, tmp_path / "a.png", exif=exif))
    expected = np.zeros((28, 28, 3))
    expected[bright] = 255
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
def test_common_modes_are_read(mode: str, tmp_path: Path) -> None:
    name = "a.jpg" if mode == "CMYK" else "a.png"
    pixels = read_back(save(Image.new("RGB", (40, 40), "white").convert(mode), tmp_path / name))
    assert (pixels > 250).all()


def test_shorter_side_is_fitted_and_the_rest_cropped_evenly(tmp_path: Path) -> None:
    wide = Image.new("RGB", (90, 30), "red")
    wide.paste((0, 0, 255), (30, 0, 60, 30))
    pixels = read_back(save(wide, tmp_path / "wide.png"))
    inner = pixels[:, 2:-2]
    assert (np.abs(inner.astype(int) - [0, 0, 255]) <= 2).all()
    high = read_back(save(wide.transpose(Image.Transpose.ROTATE_90), tmp_path / "high.png"))
    assert (np.abs(high[2:-2].astype(int) - [0, 0, 255]) <= 2).all()


def _truncated(path: Path) -> None:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue()[:900])


def test_bad_files_go_to_quarantine_and_labels_stay_with_their_images(tmp_path: Path) -> None:
    for index in range(5):
        Image.new("RGB", (28, 28), (10 * index, 0, 0)).save(tmp_path / f"good{index}.png")
    (tmp_path / "text.png").write_text("<html>404</html>")
    (tmp_path / "empty.jpg").touch()
    Image.new("1", (200, 51)).save(tmp_path / "huge.png")
    _truncated(tmp_path / "half.jpg")
    names = ["text", "good0", "empty", "good1", "good2", "huge", "half", "good3", "good4"]
    suffix = {"empty": "jpg", "half": "jpg"}
    paths = [tmp_path / f"{name}.{suffix.get(name, 'png')}" for name in names]
    prepared = run_prepare(raw_files(*paths, labels=list(range(9))), max_pixels=200 * 50)
    reasons = {entry["file"]: entry["reason"] for entry in prepared.quarantine}
    assert list(reasons) == ["text.png", "empty.jpg", "huge.png", "half.jpg"]
    assert reasons["text.png"].startswith("not an image (HTML content)")
    assert reasons["empty.jpg"] == "empty file"
    assert "200 x 51" in reasons["huge.png"]
    assert "max_pixels=10000" in reasons["huge.png"]
    assert "truncated" in reasons["half.jpg"]
    assert not any(str(tmp_path) in reason for reason in reasons.values())
    labels = torch.cat([prepared.train.labels, prepared.test.labels])
    by_label = dict(zip(labels.tolist(), both(prepared)[:, 0].amax((1, 2)).tolist()))
    assert by_label == {1: 0, 3: 10, 4: 20, 7: 30, 8: 40}


def test_refused_files_are_called_as_the_user_calls_them(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/1.png", "dog/2.png", "dog/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (28, 28)).save(tmp_path / name)
    (tmp_path / "dog" / "1.png").write_text("no image")
    (tmp_path / "dog" / "3.png").write_bytes(b"")
    raw = fetch("image-folder", tmp_path, 0, retries=0, warn=lambda text: None)
    prepared = run_prepare(raw)
    assert [entry["file"] for entry in prepared.quarantine] == ["dog/1.png", "dog/3.png"]
    assert not any(str(tmp_path) in entry["reason"] for entry in prepared.quarantine)


def test_max_pixels_is_the_largest_that_is_read(tmp_path: Path) -> None:
    path = save(Image.new("L", (100, 100)), tmp_path / "a.png")
    raw = raw_files(path, path)
    assert len(both(run_prepare(raw, max_pixels=10_000))) == 2
    with pytest.raises(InputError, match="100 x 100 pixels"):
        run_prepare(raw, max_pixels=9_999)


def _photo(form: str) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a title"
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "text " * 30, zip=True)
    notes.add_itxt("Title", "title " * 20, zip=True)
    buffer = io.BytesIO()
    options = {"pnginfo": notes} if form == "png" else {}
    Image.fromarray(pixels).save(buffer, form, exif=exif, **options)
    return buffer.getvalue()


PHOTOS = {form: _photo(form) for form in ("png", "jpeg")}


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(deadline=None, derandomize=True, max_examples=150)
@given(form=st.sampled_from(["png", "jpeg"]), seed=st.integers(0, 2**32), cut=st.booleans())
def test_no_damage_stops_the_others(
    form: str, seed: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    draw = random.Random(seed)
    content = bytearray(PHOTOS[form])
    if cut:
        del content[draw.randrange(len(content)) :]
    for _ in range(0 if cut else draw.randrange(1, 6)):
        content[draw.randrange(len(content) // draw.choice([1, 4]))] = draw.randrange(256)
    folder = tmp_path_factory.getbasetemp()
    (folder / f"damaged.{form}").write_bytes(content)
    good = save(Image.new("RGB", (28, 28)), folder / "good.png")
    prepared = run_prepare(raw_files(good, folder / f"damaged.{form}", good))
    assert len(both(prepared)) + len(prepared.quarantine) == 3
    assert all(entry["reason"] for entry in prepared.quarantine)


def test_too_few_images_name_the_reasons(tmp_path: Path) -> None:
    good = save(Image.new("L", (28, 28)), tmp_path / "good.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError) as caught:
        run_prepare(raw_files(good, tmp_path / "empty.png", tmp_path / "text.png"))
    assert "only 1 usable images, at least 2" in caught.value.what
    assert "2 refused" in caught.value.what
    assert "empty.png: empty file" in caught.value.what
    assert "text.png: not an image (text content)" in caught.value.what


def test_too_few_images_without_refusals() -> None:
    assert len(both(run_prepare(raw_arrays(numbered(7)), min_images=7))) == 7
    with pytest.raises(InputError, match="only 7 usable images, at least 8 are needed ") as caught:
        run_prepare(raw_arrays(numbered(7)), min_images=8)
    assert "refused:" not in caught.value.what


def test_no_usable_image_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(InputError, match="only 0 usable images"):
        run_prepare(raw_files(tmp_path / "empty.png"))
