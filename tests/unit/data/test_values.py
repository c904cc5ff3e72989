"""Levels of 16 bits, what lies behind what is transparent, further frames: decided once for all."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data.choices import Window
from ganatomy.data.pixel_values import image_file
from ganatomy.data.prepare import Prepared
from ganatomy.data.value_words import sentences_on, warnings_of
from ganatomy.data.values import Values, windowed
from ganatomy.errors import InputError
from tests.unit.data.deep_files import png_of, tiff_of
from tests.unit.data.raws import both, raw_files, run_prepare, save


def _deep(path: Path, largest: int, least: int = 0) -> Path:
    """A file of 16 bits with a ramp of levels."""
    ramp = np.linspace(least, largest, 28 * 28).round().astype(np.uint16).reshape(28, 28)
    return save(Image.fromarray(ramp), path)


def _read(path: Path) -> NDArray[np.uint16]:
    with Image.open(path) as image:
        return np.asarray(image).astype(np.uint16)


def _values(prepared: Prepared) -> Values:
    assert prepared.values is not None
    return prepared.values


def _images(prepared: Prepared) -> dict[int, NDArray[np.uint8]]:
    """The first channel of each image, by its label: the split has its own order."""
    labels = np.concatenate([prepared.train.labels.numpy(), prepared.test.labels.numpy()])
    return dict(zip(labels.tolist(), both(prepared)[:, 0].numpy()))


# ---- the window ----


@pytest.mark.parametrize("num_bits", [8, 10, 12, 14, 15, 16])
def test_of_n_bits_the_upper_eight_are_kept(num_bits: int, tmp_path: Path) -> None:
    paths = [
        _deep(tmp_path / "a.png", 2**num_bits - 1),
        _deep(tmp_path / "b.tif", 2**num_bits // 3),  # has no say of its own
    ]
    found = _images(run_prepare(raw_files(*paths, labels=[0, 1])))
    for label, path in enumerate(paths):
        np.testing.assert_array_equal(found[label], _read(path) >> (num_bits - 8))


@pytest.mark.parametrize(("largest", "black_to_white"), [(32767, (0, 32767)), (32768, None)])
def test_half_of_the_levels_are_the_whole_range(
    largest: int, black_to_white: tuple[int, int] | None, tmp_path: Path
) -> None:
    path = _deep(tmp_path / "a.png", largest)
    values = _values(run_prepare(raw_files(path, path)))
    assert values.treatment.window == black_to_white
    assert (values.num_deep, values.least, values.largest) == (2, 0, largest)
    assert bool(warnings_of(values.card())) == (black_to_white is not None)
    assert len(sentences_on(values.card())) == 1


def _rounded_down(levels: NDArray[np.uint16], low: int, high: int) -> list[list[int]]:
    """The definition in whole numbers: 256 bins of equal width."""
    bins = [[(int(v) - low) * 256 // (high - low + 1) for v in row] for row in levels]
    return [[min(max(v, 0), 255) for v in row] for row in bins]


@pytest.mark.parametrize(
    ("window", "low", "high"),
    [("full", 0, 65535), ("seen", 100, 3000), ((500.0, 1500.0), 500, 1500)],
)
def test_other_windows(window: Window, low: int, high: int, tmp_path: Path) -> None:
    paths = [_deep(tmp_path / "a.png", 3000, 900), _deep(tmp_path / "b.png", 2000, 100)]
    prepared = run_prepare(raw_files(*paths, labels=[0, 1]), window=window)
    for label, path in enumerate(paths):
        expected = _rounded_down(_read(path), low, high)
        np.testing.assert_array_equal(_images(prepared)[label], expected)
    dark = "come out dark" in " ".join(warnings_of(_values(prepared).card()))
    assert dark == (window == "full")


def test_files_of_eight_bits_have_no_window(tmp_path: Path) -> None:
    ramp = np.arange(28 * 28).reshape(28, 28) % 100
    path = save(Image.fromarray(ramp.astype(np.uint8)), tmp_path / "a.png")
    deep = _deep(tmp_path / "b.png", 4095)
    prepared = run_prepare(raw_files(path, deep, labels=[0, 1]))
    np.testing.assert_array_equal(_images(prepared)[0], ramp)
    assert _values(prepared).num_deep == 1


@pytest.mark.parametrize("window", ["seen", (-1.0, 3.0)])
def test_floats_are_read_where_a_range_is_stated(window: Window, tmp_path: Path) -> None:
    ramp = np.linspace(-1, 3, 28 * 28, dtype=np.float32).reshape(28, 28)
    path = save(Image.fromarray(ramp), tmp_path / "a.tif")
    images = both(run_prepare(raw_files(path, path), window=window))
    expected = np.floor((ramp.astype(np.float64) + 1) / 4 * 256).clip(0, 255)
    np.testing.assert_array_equal(images[0, 0].numpy(), expected)


def test_a_float_that_is_no_number_is_that_files_fault(tmp_path: Path) -> None:
    ramp = np.linspace(-1, 3, 28 * 28, dtype=np.float32).reshape(28, 28)
    good = save(Image.fromarray(ramp), tmp_path / "good.tif")
    ramp[3, 3] = np.nan
    bad = save(Image.fromarray(ramp), tmp_path / "bad.tif")
    prepared = run_prepare(raw_files(good, bad, good), window="seen")
    assert prepared.quarantine == [{"file": "bad.tif", "reason": "pixels that are no numbers"}]
    assert _values(prepared).largest == 3
    with pytest.raises(InputError, match="without a stated range"):
        run_prepare(raw_files(good, good))


def test_one_level_alone_is_no_window() -> None:
    assert windowed(np.array([7.0, 8.0]), (7.0, 7.0)).tolist() == [0, 0]
    assert windowed(np.array([7, 8], np.uint16), (7.0, 7.0)).tolist() == [0, 255]


def test_what_is_refused_when_read_again_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganatomy.data import decoding

    paths = [_deep(tmp_path / f"{k}.png", 4000 + k) for k in range(4)]
    times: dict[bytes, int] = {}
    original = decoding.read_image

    def read(content: bytes, *rest: object) -> object:
        times[content] = times.get(content, 0) + 1
        if content == paths[1].read_bytes() and times[content] == 2:
            raise TimeoutError("not decoded within 60 s")
        return original(content, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "read_image", read)
    prepared = run_prepare(raw_files(*paths, labels=[0, 1, 2, 3]))
    assert [entry["file"] for entry in prepared.quarantine] == ["1.png"]
    for label, image in _images(prepared).items():
        np.testing.assert_array_equal(image, _read(paths[label]) >> 4)
    assert set(_images(prepared)) == {0, 2, 3}


# ---- what is behind ----


def _icon(path: Path, grey: int, transparent: bool = True) -> Path:
    pixels = np.full((28, 28, 4), grey, dtype=np.uint8)
    pixels[..., 3] = 0 if transparent else 255
    pixels[8:20, 8:20, 3] = 255
    return save(Image.fromarray(pixels), path)


@pytest.mark.parametrize(
    ("greys", "ground"),
    [
        ([0, 0, 0], 255),  # black icons
        ([255, 255, 255], 0),
        ([0, 0, 255], 255),  # fewer are lost on white
        ([0, 255, 255], 0),
        ([0, 255, 128], 0),  # as many on either
        ([128, 128], 0),
        ([31, 31], 255),
        ([32, 32], 0),
    ],
)
def test_the_background_loses_as_few_images_as_it_can(
    greys: list[int], ground: int, tmp_path: Path
) -> None:
    paths = [_icon(tmp_path / f"{k}.png", grey) for k, grey in enumerate(greys)]
    prepared = run_prepare(raw_files(*paths, labels=list(range(len(greys)))))
    for label, grey in enumerate(greys):
        image = _images(prepared)[label]
        assert (image[:8] == ground).all()
        assert (image[8:20, 8:20] == grey).all()
    values = _values(prepared)
    assert values.num_transparent == len(greys)
    assert values.num_lost == sum(abs(grey - ground) < 32 for grey in greys)


def test_opaque_images_have_no_say(tmp_path: Path) -> None:
    paths = [_icon(tmp_path / f"{k}.png", 0, transparent=False) for k in range(2)]
    photo = save(Image.new("RGB", (28, 28), (0, 0, 0)), tmp_path / "photo.png")
    values = _values(run_prepare(raw_files(*paths, photo)))
    assert (values.treatment.background, values.num_transparent, values.num_lost) == (0, 0, 0)
    assert sentences_on(values.card()) == []


def test_a_chosen_background_is_taken_and_its_losses_told(tmp_path: Path) -> None:
    paths = [_icon(tmp_path / f"{k}.png", 0) for k in range(3)]
    prepared = run_prepare(raw_files(*paths), background=10)
    assert sorted(np.unique(both(prepared).numpy())) == [0, 10]
    told = warnings_of(_values(prepared).card())
    assert told == ["3 images are transparent in part: laid on grey 10 (background: 10)"]
    prepared = run_prepare(raw_files(*paths), background=0)
    assert "half of what 3 of them show is lost" in warnings_of(_values(prepared).card())[0]


# ---- frames ----


@pytest.mark.parametrize("form", ["gif", "webp", "tiff", "png"])
def test_files_of_several_frames_are_told(form: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (28, 28), (level, level, level)) for level in (40, 200)]
    moving = save(frames[0], tmp_path / f"a.{form}", save_all=True, append_images=frames[1:])
    still = save(frames[1], tmp_path / f"b.{form}")
    values = _values(run_prepare(raw_files(moving, still)))
    assert values.num_with_frames == 1
    assert warnings_of(values.card()) == [
        "1 file has several frames or pages: only the first of each is used"
    ]


# ---- colours ----


COLOURS: dict[str, Callable[[NDArray[np.uint16]], bytes]] = {
    "png": png_of,
    "tiff": tiff_of,
    "big-endian tiff": lambda deep: tiff_of(deep, ">"),
    "packed tiff": lambda deep: tiff_of(deep, packed=True),
    "packed big-endian tiff": lambda deep: tiff_of(deep, ">", packed=True),
}


@pytest.mark.parametrize("num_bits", [12, 16])
@pytest.mark.parametrize("form", COLOURS)
def test_colours_of_n_bits_keep_the_upper_eight(form: str, num_bits: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    deep = draw.integers(0, 2**num_bits, (28, 28, 3), dtype=np.uint16)
    deep[0, 0] = 2**num_bits - 1
    path = tmp_path / "a"
    path.write_bytes(COLOURS[form](deep))
    prepared = run_prepare(raw_files(path, path))
    pixels = both(prepared)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(pixels, deep >> (num_bits - 8))
    assert (_values(prepared).num_deep, _values(prepared).largest) == (2, 2**num_bits - 1)


def test_opacity_of_sixteen_bits_has_its_whole_range(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 4096, (28, 28, 4), dtype=np.uint16)
    deep[..., 3] *= 16
    path = tmp_path / "a.png"
    path.write_bytes(png_of(deep))
    prepared = run_prepare(raw_files(path, path), channels="all")
    pixels = both(prepared)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(pixels[..., :3], deep[..., :3] >> 4)
    np.testing.assert_array_equal(pixels[..., 3], deep[..., 3] >> 8)


def test_colours_of_planes_apart_are_refused_where_they_would_be_mixed_up(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 4096, (3, 28, 28), dtype=np.uint16)
    for name, planes in {"deep": deep, "plain": (deep >> 4).astype(np.uint8)}.items():
        tifffile.imwrite(tmp_path / name, planes, photometric="rgb", planarconfig="separate")
    plain = tmp_path / "plain"
    prepared = run_prepare(raw_files(tmp_path / "deep", plain, plain))
    pixels = both(prepared)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(pixels, deep.transpose(1, 2, 0) >> 4)
    [refused] = prepared.quarantine
    assert "planes apart" in refused["reason"]


@pytest.mark.parametrize("count", [3, 4])
def test_colours_of_arrays_keep_every_bit(count: int, tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 4096, (28, 28, count), dtype=np.uint16)
    deep[..., 3:] = 65535
    content = image_file(deep)
    (tmp_path / "a.png").write_bytes(content)
    in_its_order = deep[..., [2, 1, 0, 3][:count]]  # blue first
    read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(read, in_its_order)
    prepared = run_prepare(raw_files(tmp_path / "a.png", tmp_path / "a.png"))
    pixels = both(prepared)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(pixels, deep[..., :3] >> 4)
    assert _values(prepared).num_deep == 2


def test_large_images_are_windowed_as_small_ones() -> None:
    deep = np.arange(70_000, dtype=np.int64).astype(np.uint16)
    parts = [windowed(part, (100.0, 3000.0)) for part in np.array_split(deep, 3)]
    np.testing.assert_array_equal(windowed(deep, (100.0, 3000.0)), np.concatenate(parts))
