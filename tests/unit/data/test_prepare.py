"""Conversion, resizing and splitting of what could be read."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganatomy.data.sources import TEST, TRAIN, Raw, fetch
from ganatomy.errors import InputError
from tests.unit.conftest import WriteIdx
from tests.unit.data.raws import both, numbered, numbers, raw_arrays, raw_files, run_prepare, save

# ---- channels ----


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_folder_of_grey_images_has_one_channel(mode: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    grey = Image.fromarray(pixels).convert(mode)
    path = save(grey, tmp_path / "a.jpg", quality=95)
    assert both(run_prepare(raw_files(path, path))).shape[1] == 1
    exact = save(grey, tmp_path / "a.png")
    np.testing.assert_array_equal(both(run_prepare(raw_files(exact, exact)))[0, 0], pixels)


def test_one_coloured_image_makes_a_folder_rgb(tmp_path: Path) -> None:
    grey = save(Image.new("L", (28, 28), 90), tmp_path / "a.png")
    red = save(Image.new("RGB", (28, 28), (90, 80, 90)), tmp_path / "b.png")
    images = both(run_prepare(raw_files(grey, grey, red)))
    assert images.shape[1] == 3
    assert images.amin((2, 3)).tolist().count([90, 90, 90]) == 2
    assert images.amin((2, 3)).tolist().count([90, 80, 90]) == 1


def test_luma_is_that_of_the_standard() -> None:
    pure = torch.zeros(4, 3, 28, 28, dtype=torch.uint8)
    for channel in range(3):
        pure[channel, channel] = 255
    pure[3] = 255
    images = both(run_prepare(raw_arrays(pure), channels=1))
    assert images.shape[1] == 1
    assert sorted(images[:, 0, 3, 3].tolist()) == sorted([76, 150, 29, 255])  # ITU-R BT.601


@pytest.mark.parametrize(("channels", "found"), [(0, 1), (1, 1), (3, 3)])
def test_grey_arrays(channels: int, found: int) -> None:
    prepared = run_prepare(raw_arrays(numbered(4)), channels=channels)
    assert both(prepared).shape == (4, found, 28, 28)
    for channel in range(found):
        assert sorted(numbers(both(prepared)[:, [channel]])) == [0, 1, 2, 3]


# ---- size ----


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_agrees_with_pillow(size: int, channels: int) -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, channels, 40, 40), generator=draw, dtype=torch.uint8)
    prepared = run_prepare(raw_arrays(images), image_size=size, channels=channels)
    found = both(prepared).numpy()
    assert found.shape == (2, channels, size, size)
    how = Image.Resampling.BICUBIC
    expected = [
        [
            np.rint(Image.fromarray(plane).convert("F").resize((size, size), how)).clip(0, 255)
            for plane in image
        ]
        for image in images.numpy()
    ]
    order = sorted(range(2), key=lambda k: int(np.abs(found[0].astype(int) - expected[k]).sum()))
    for image, k in zip(found, order):
        np.testing.assert_array_equal(image, expected[k])


def test_images_of_the_right_size_are_not_touched() -> None:
    images = numbered(6)
    assert sorted(numbers(both(run_prepare(raw_arrays(images))))) == list(range(6))


@pytest.mark.parametrize("size", [28, 32])
@pytest.mark.parametrize("num_different", [2100, 1875, 2])
def test_progress_never_falls_and_ends_at_its_total(size: int, num_different: int) -> None:
    calls: list[tuple[int, int]] = []
    images = numbered(num_different)[torch.arange(2100) % num_different]
    run_prepare(raw_arrays(images), size, progress=lambda done, total: calls.append((done, total)))
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {4200}
    assert calls[0][0] <= 2100 < calls[-1][0] == 4200


@pytest.mark.parametrize("size", [28, 32])
def test_no_images_at_all_are_refused_in_words(size: int) -> None:
    none = torch.empty(0, dtype=torch.int64)
    raw = Raw(numbered(0), none, none, ("class 0",), (), "test")
    with pytest.raises(InputError, match="only 0 usable images"):
        run_prepare(raw, size)


# ---- split ----


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_split_holds_the_share_of_every_class(fraction: float) -> None:
    labels = torch.tensor([0] * 60 + [1] * 20 + [2] * 11 + [-1] * 10)
    prepared = run_prepare(raw_arrays(numbered(101), labels), test_fraction=fraction)
    for label, count in ((0, 60), (1, 20), (2, 11), (-1, 10)):
        held_out = int((prepared.test.labels == label).sum())
        assert held_out == round(count * fraction)
        assert held_out + int((prepared.train.labels == label).sum()) == count


def test_split_loses_and_doubles_nothing() -> None:
    labels = torch.arange(101) % 4
    prepared = run_prepare(raw_arrays(numbered(101), labels), test_fraction=0.3)
    assert sorted(numbers(both(prepared))) == list(range(101))
    for part in (prepared.train, prepared.test):
        assert [number % 4 for number in numbers(part.images)] == part.labels.tolist()


def test_split_depends_on_the_seed_alone() -> None:
    raw = raw_arrays(numbered(80))
    first, again, other = (numbers(run_prepare(raw, seed=s).test.images) for s in (0, 0, 1))
    assert first == again
    assert first != other
    assert first != list(range(40))


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.integers(-1, 12), min_size=2, max_size=30),
    st.floats(0.001, 0.999),
)
def test_neither_side_of_a_split_is_empty(labels: list[int], fraction: float) -> None:
    prepared = run_prepare(raw_arrays(numbered(len(labels)), torch.tensor(labels)), 28, 0, fraction)
    assert len(prepared.train) > 0
    assert len(prepared.test) > 0


def test_a_sources_own_split_is_kept() -> None:
    raw = raw_arrays(numbered(20))
    is_test = torch.tensor([1, 3, 4, 18])
    raw.split[:] = TRAIN
    raw.split[is_test] = TEST
    prepared = run_prepare(raw, test_fraction=0.9)
    assert numbers(prepared.test.images) == is_test.tolist()
    assert numbers(prepared.train.images) == [k for k in range(20) if k not in is_test]


def test_first_images_of_a_split_source_still_have_two_sides(
    tmp_path: Path, write_idx: WriteIdx
) -> None:
    for stem, count in (("train", 60), ("t10k", 20)):
        images = numbered(count)[:, 0].numpy()
        write_idx(tmp_path / f"{stem}-images-idx3-ubyte", images)
        labels = np.arange(count, dtype=np.uint8) % 10
        write_idx(tmp_path / f"{stem}-labels-idx1-ubyte", labels)
    prepared = run_prepare(fetch("mnist", tmp_path, 40, retries=0, warn=lambda text: None))
    assert len(both(prepared)) == 40
    assert len(prepared.train) > 0
    assert len(prepared.test) > 0
