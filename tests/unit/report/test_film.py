"""The film: its frames, their order and their times, read back by Pillow."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganatomy.report.figures.film import film


def _frames(count: int, colour: bool = False, side: int = 40) -> list[NDArray[np.uint8]]:
    draw = np.random.default_rng(0)
    shape = (side, side, 3 if colour else 1)
    frames = [draw.integers(0, 256, shape, dtype=np.uint8) for _ in range(count)]
    return [np.broadcast_to(frame, (side, side, 3)).copy() for frame in frames]


def _read(content: bytes) -> tuple[list[NDArray[np.uint8]], list[int], Image.Image]:
    """Frames, their times in ms, and the file as Pillow sees it."""
    picture = Image.open(io.BytesIO(content))
    frames, times = [], []
    for index in range(picture.n_frames):  # type: ignore[attr-defined]
        picture.seek(index)
        frames.append(np.asarray(picture.convert("RGB")))
        times.append(int(picture.info["duration"]))
    return frames, times, picture


@pytest.mark.parametrize("count", [1, 2, 5])
def test_grey_frames_come_back_as_they_were(count: int) -> None:
    frames = _frames(count)
    found, _, picture = _read(film(frames))
    assert picture.format == "GIF"
    np.testing.assert_array_equal(np.stack(found), np.stack(frames))


def test_the_last_frame_is_held_and_the_film_begins_anew() -> None:
    _, times, picture = _read(film(_frames(4)))
    assert len(set(times[:-1])) == 1
    assert times[-1] > 3 * times[0]
    assert picture.info["loop"] == 0  # for ever


def test_coloured_frames_keep_their_colours_roughly() -> None:
    red, blue = np.zeros((2, 40, 40, 3), dtype=np.uint8)
    red[..., 0], blue[..., 2] = np.arange(40) * 6, 255
    found, *_ = _read(film([red, blue]))
    for frame, expected in zip(found, (red, blue)):
        assert np.abs(frame.astype(int) - expected).max() <= 6


def test_blocks_of_pixels_become_one() -> None:
    frames = _frames(3, side=20)
    large = [frame.repeat(2, 0).repeat(2, 1) for frame in frames]
    assert film(large, shrink=2) == film(frames)


def test_equal_frames_give_equal_bytes() -> None:
    assert film(_frames(3, colour=True)) == film(_frames(3, colour=True))


@pytest.mark.parametrize("count", [8, 9, 31])
def test_a_large_film_leaves_out_frames_but_not_the_ends(count: int) -> None:
    frames = _frames(count)
    whole = len(film(frames))
    content = film(frames, max_bytes=whole // 2)
    assert len(content) <= whole // 2
    found, *_ = _read(content)
    assert 2 <= len(found) < count
    np.testing.assert_array_equal(found[0], frames[0])
    np.testing.assert_array_equal(found[-1], frames[-1])
    kept = [next(k for k in range(count) if (frames[k] == frame).all()) for frame in found]
    assert kept == sorted(set(kept))
    steps = np.diff(kept)
    assert steps[:-1].min() == steps[:-1].max()  # evenly, but for the end


def test_two_frames_stay_whatever_their_size() -> None:
    assert len(_read(film(_frames(9), max_bytes=1))[0]) == 2
