"""Validation, conversion, resizing and splitting; nothing is refused without a reason."""

import io
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ganatomy.data.prepare import Prepared, prepare
from ganatomy.data.sources import TEST, TRAIN, UNSPLIT, Raw, fetch
from ganatomy.errors import InputError
from tests.unit.conftest import WriteIdx


def _prepare(
    raw: Raw,
    image_size: int = 28,
    channels: int = 0,
    test_fraction: float = 0.5,
    min_images: int = 2,
    max_pixels: int = 10_000,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    return prepare(raw, image_size, channels, test_fraction, min_images, max_pixels, seed, progress)


def _arrays(images: torch.Tensor, labels: torch.Tensor | None = None, split: int = UNSPLIT) -> Raw:
    labels = torch.zeros(len(images), dtype=torch.int64) if labels is None else labels
    names = tuple(f"class {k}" for k in range(int(labels.max()) + 1))
    return Raw(images, labels, torch.full_like(labels, split), names, (), "test")


def _numbered(count: int, size: int = 28, channels: int = 1) -> torch.Tensor:
    """Images that can be told apart: the first pixels spell the position."""
    images = torch.zeros(count, channels, size, size, dtype=torch.uint8)
    images[:, :, 0, 0] = (torch.arange(count) // 256).to(torch.uint8)[:, None]
    images[:, :, 0, 1] = (torch.arange(count) % 256).to(torch.uint8)[:, None]
    return images


def _numbers(images: torch.Tensor) -> list[int]:
    return (images[:, 0, 0, 0].int() * 256 + images[:, 0, 0, 1].int()).tolist()


def _files(*paths: Path, labels: list[int] | None = None) -> Raw:
    given = torch.tensor(labels or [-1] * len(paths))
    names = tuple(f"class {k}" for k in range(int(given.max()) + 1))
    return Raw(None, given, torch.full_like(given, UNSPLIT), names, paths, "test")


def _both(prepared: Prepared) -> torch.Tensor:
    return torch.cat([prepared.train.images, prepared.test.images])


def _read(path: Path, size: int = 28, channels: int = 3) -> NDArray[np.uint8]:
    """One file, as it comes out of preparation, of shape (size, size, channels)."""
    images = _both(_prepare(_files(path, path), size, channels))
    assert torch.equal(images[0], images[1])
    pixels: NDArray[np.uint8] = images[0].permute(1, 2, 0).numpy()
    return pixels


def _save(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


# ---- files ----


@pytest.mark.parametrize("alpha", [0, 51, 128, 255])
def test_transparency_is_flattened_onto_black(alpha: int, tmp_path: Path) -> None:
    colour = np.array([200, 100, 50])
    path = _save(Image.new("RGBA", (28, 28), (*colour, alpha)), tmp_path / "a.png")
    np.testing.assert_allclose(
        _read(path), np.broadcast_to(colour * alpha / 255, (28, 28, 3)), atol=1
    )


def test_grey_with_alpha_is_flattened_too(tmp_path: Path) -> None:
    path = _save(Image.new("LA", (28, 28), (200, 51)), tmp_path / "a.png")
    np.testing.assert_allclose(_read(path), 40, atol=1)


def test_transparent_palette_entry_is_black(tmp_path: Path) -> None:
    image = Image.new("P", (28, 28), 0)
    image.putpalette([250, 0, 0, 0, 250, 0])
    image.paste(1, (14, 0, 28, 28))
    pixels = _read(_save(image, tmp_path / "a.png", transparency=0))
    assert (pixels[:, :14] == 0).all()
    assert (pixels[:, 14:] == [0, 250, 0]).all()


@pytest.mark.parametrize(
    ("deep", "level"), [(0, 0), (255, 0), (256, 1), (0x8000, 128), (65535, 255)]
)
def test_sixteen_bits_of_grey_become_eight(deep: int, level: int, tmp_path: Path) -> None:
    pixels = np.full((28, 28), deep, dtype=np.uint16)
    path = _save(Image.fromarray(pixels), tmp_path / "a.png")
    with Image.open(path) as image:
        assert image.mode.startswith("I")
    assert (_read(path) == level).all()


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
    pixels = _read(_save(image, tmp_path / "a.png", exif=exif))
    expected = np.zeros((28, 28, 3))
    expected[bright] = 255
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
def test_common_modes_are_read(mode: str, tmp_path: Path) -> None:
    name = "a.jpg" if mode == "CMYK" else "a.png"
    pixels = _read(_save(Image.new("RGB", (40, 40), "white").convert(mode), tmp_path / name))
    assert (pixels > 250).all()


def test_shorter_side_is_fitted_and_the_rest_cropped_evenly(tmp_path: Path) -> None:
    wide = Image.new("RGB", (90, 30), "red")
    wide.paste((0, 0, 255), (30, 0, 60, 30))
    pixels = _read(_save(wide, tmp_path / "wide.png"))
    inner = pixels[:, 2:-2]
    assert (np.abs(inner.astype(int) - [0, 0, 255]) <= 2).all()
    high = _read(_save(wide.transpose(Image.Transpose.ROTATE_90), tmp_path / "high.png"))
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
    prepared = _prepare(_files(*paths, labels=list(range(9))), max_pixels=200 * 50)
    reasons = {entry["file"]: entry["reason"] for entry in prepared.quarantine}
    assert list(reasons) == ["text.png", "empty.jpg", "huge.png", "half.jpg"]
    assert "cannot identify" in reasons["text.png"]
    assert reasons["empty.jpg"] == "empty file"
    assert "200 x 51" in reasons["huge.png"]
    assert "max_pixels=10000" in reasons["huge.png"]
    assert "truncated" in reasons["half.jpg"]
    assert not any(str(tmp_path) in reason for reason in reasons.values())
    labels = torch.cat([prepared.train.labels, prepared.test.labels])
    by_label = dict(zip(labels.tolist(), _both(prepared)[:, 0].amax((1, 2)).tolist()))
    assert by_label == {1: 0, 3: 10, 4: 20, 7: 30, 8: 40}


def test_refused_files_are_called_as_the_user_calls_them(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/1.png", "dog/2.png", "dog/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (28, 28)).save(tmp_path / name)
    (tmp_path / "dog" / "1.png").write_text("no image")
    (tmp_path / "dog" / "3.png").write_bytes(b"")
    raw = fetch("image-folder", tmp_path, 0, 0, lambda text: None)
    prepared = _prepare(raw)
    assert [entry["file"] for entry in prepared.quarantine] == ["dog/1.png", "dog/3.png"]
    assert not any(str(tmp_path) in entry["reason"] for entry in prepared.quarantine)


def test_max_pixels_is_the_largest_that_is_read(tmp_path: Path) -> None:
    path = _save(Image.new("L", (100, 100)), tmp_path / "a.png")
    raw = _files(path, path)
    assert len(_both(_prepare(raw, max_pixels=10_000))) == 2
    with pytest.raises(InputError, match="100 x 100 pixels"):
        _prepare(raw, max_pixels=9_999)


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
    good = _save(Image.new("RGB", (28, 28)), folder / "good.png")
    prepared = _prepare(_files(good, folder / f"damaged.{form}", good))
    assert len(_both(prepared)) + len(prepared.quarantine) == 3
    assert all(entry["reason"] for entry in prepared.quarantine)


def test_too_few_images_name_the_reasons(tmp_path: Path) -> None:
    good = _save(Image.new("L", (28, 28)), tmp_path / "good.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError) as caught:
        _prepare(_files(good, tmp_path / "empty.png", tmp_path / "text.png"))
    assert "only 1 usable images, at least 2" in caught.value.what
    assert "2 refused" in caught.value.what
    assert "empty.png: empty file" in caught.value.what
    assert "text.png: cannot identify" in caught.value.what


def test_too_few_images_without_refusals() -> None:
    assert len(_both(_prepare(_arrays(_numbered(7)), min_images=7))) == 7
    with pytest.raises(InputError, match="only 7 usable images, at least 8 are needed ") as caught:
        _prepare(_arrays(_numbered(7)), min_images=8)
    assert "refused:" not in caught.value.what


def test_no_usable_image_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(InputError, match="only 0 usable images"):
        _prepare(_files(tmp_path / "empty.png"))


# ---- channels ----


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_folder_of_grey_images_has_one_channel(mode: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    grey = Image.fromarray(pixels).convert(mode)
    path = _save(grey, tmp_path / "a.jpg", quality=95)
    assert _both(_prepare(_files(path, path))).shape[1] == 1
    exact = _save(grey, tmp_path / "a.png")
    np.testing.assert_array_equal(_both(_prepare(_files(exact, exact)))[0, 0], pixels)


def test_one_coloured_image_makes_a_folder_rgb(tmp_path: Path) -> None:
    grey = _save(Image.new("L", (28, 28), 90), tmp_path / "a.png")
    red = _save(Image.new("RGB", (28, 28), (90, 80, 90)), tmp_path / "b.png")
    images = _both(_prepare(_files(grey, grey, red)))
    assert images.shape[1] == 3
    assert images.amin((2, 3)).tolist().count([90, 90, 90]) == 2
    assert images.amin((2, 3)).tolist().count([90, 80, 90]) == 1


def test_luma_is_that_of_the_standard() -> None:
    pure = torch.zeros(4, 3, 28, 28, dtype=torch.uint8)
    for channel in range(3):
        pure[channel, channel] = 255
    pure[3] = 255
    images = _both(_prepare(_arrays(pure), channels=1))
    assert images.shape[1] == 1
    assert sorted(images[:, 0, 3, 3].tolist()) == sorted([76, 150, 29, 255])  # ITU-R BT.601


@pytest.mark.parametrize(("channels", "found"), [(0, 1), (1, 1), (3, 3)])
def test_grey_arrays(channels: int, found: int) -> None:
    prepared = _prepare(_arrays(_numbered(4)), channels=channels)
    assert _both(prepared).shape == (4, found, 28, 28)
    for channel in range(found):
        assert sorted(_numbers(_both(prepared)[:, [channel]])) == [0, 1, 2, 3]


# ---- size ----


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_agrees_with_pillow(size: int, channels: int) -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, channels, 40, 40), generator=draw, dtype=torch.uint8)
    prepared = _prepare(_arrays(images), image_size=size, channels=channels)
    found = _both(prepared).numpy()
    assert found.shape == (2, channels, size, size)
    expected = [
        [
            np.asarray(Image.fromarray(plane).resize((size, size), Image.Resampling.BILINEAR))
            for plane in image
        ]
        for image in images.numpy()
    ]
    order = sorted(range(2), key=lambda k: int(np.abs(found[0].astype(int) - expected[k]).sum()))
    for image, k in zip(found, order):
        assert np.abs(image.astype(int) - np.array(expected[k])).max() <= 1


def test_images_of_the_right_size_are_not_touched() -> None:
    images = _numbered(6)
    assert sorted(_numbers(_both(_prepare(_arrays(images))))) == list(range(6))


@pytest.mark.parametrize("size", [28, 32])
def test_progress_ends_at_the_total(size: int) -> None:
    calls: list[tuple[int, int]] = []
    _prepare(
        _arrays(_numbered(2100)), size, progress=lambda done, total: calls.append((done, total))
    )
    assert calls == sorted(calls)
    assert calls[-1] == (2100, 2100)


# ---- split ----


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_split_holds_the_share_of_every_class(fraction: float) -> None:
    labels = torch.tensor([0] * 60 + [1] * 20 + [2] * 11 + [-1] * 10)
    prepared = _prepare(_arrays(_numbered(101), labels), test_fraction=fraction)
    for label, count in ((0, 60), (1, 20), (2, 11), (-1, 10)):
        held_out = int((prepared.test.labels == label).sum())
        assert held_out == round(count * fraction)
        assert held_out + int((prepared.train.labels == label).sum()) == count


def test_split_loses_and_doubles_nothing() -> None:
    labels = torch.arange(101) % 4
    prepared = _prepare(_arrays(_numbered(101), labels), test_fraction=0.3)
    assert sorted(_numbers(_both(prepared))) == list(range(101))
    for part in (prepared.train, prepared.test):
        assert [number % 4 for number in _numbers(part.images)] == part.labels.tolist()


def test_split_depends_on_the_seed_alone() -> None:
    raw = _arrays(_numbered(80))
    first, again, other = (_numbers(_prepare(raw, seed=s).test.images) for s in (0, 0, 1))
    assert first == again
    assert first != other
    assert first != list(range(40))


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.integers(-1, 12), min_size=2, max_size=30),
    st.floats(0.001, 0.999),
)
def test_neither_side_of_a_split_is_empty(labels: list[int], fraction: float) -> None:
    prepared = _prepare(_arrays(_numbered(len(labels)), torch.tensor(labels)), 28, 0, fraction)
    assert len(prepared.train) > 0
    assert len(prepared.test) > 0


def test_a_sources_own_split_is_kept() -> None:
    raw = _arrays(_numbered(20))
    is_test = torch.tensor([1, 3, 4, 18])
    raw.split[:] = TRAIN
    raw.split[is_test] = TEST
    prepared = _prepare(raw, test_fraction=0.9)
    assert _numbers(prepared.test.images) == is_test.tolist()
    assert _numbers(prepared.train.images) == [k for k in range(20) if k not in is_test]


def test_first_images_of_a_split_source_still_have_two_sides(
    tmp_path: Path, write_idx: WriteIdx
) -> None:
    for stem, count in (("train", 60), ("t10k", 20)):
        images = _numbered(count)[:, 0].numpy()
        write_idx(tmp_path / f"{stem}-images-idx3-ubyte", images)
        labels = np.arange(count, dtype=np.uint8) % 10
        write_idx(tmp_path / f"{stem}-labels-idx1-ubyte", labels)
    prepared = _prepare(fetch("mnist", tmp_path, 40, 0, lambda text: None))
    assert len(_both(prepared)) == 40
    assert len(prepared.train) > 0
    assert len(prepared.test) > 0
