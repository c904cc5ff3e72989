"""Pictures of a page: half as many bytes, and not one pixel other than in their files."""

import base64
import io
import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganatomy.report.figures.class_bars import class_bars
from ganatomy.report.figures.film import film
from ganatomy.report.image_file import data_url
from ganatomy.report.sections.page_section import png

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
DARK = NOISE // 32  # not every value
CHART = class_bars(["a", "b"], [1, 2], [2, 1])


def _held(address: str) -> tuple[str, bytes]:
    kind, _, content = address.partition(";base64,")
    return kind.removeprefix("data:image/"), base64.b64decode(content)


def _pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("drawn", [CHART, DARK, DARK[..., 0], DARK[:1, :1], NOISE * 0])
def test_no_pixel_changes(drawn: NDArray[np.uint8]) -> None:
    kind, content = _held(data_url(png(drawn)))
    assert kind == "webp"
    shown = drawn if drawn.ndim == 3 else drawn[..., None].repeat(3, axis=2)
    assert np.array_equal(_pixels(content), shown)
    assert len(content) < len(png(drawn))
    data_url.cache_clear()
    assert _held(data_url(png(drawn))) == (kind, content)  # equal pixels, equal bytes


def test_a_chart_takes_less_than_two_thirds() -> None:
    assert len(_held(data_url(png(CHART)))[1]) < 2 / 3 * len(png(CHART))


@pytest.mark.parametrize("side", [16_383, 16_384])
def test_what_is_too_long_for_it_stays_as_it_is(side: int) -> None:
    content = png(np.zeros((1, side), np.uint8))
    kind, held = _held(data_url(content))
    assert kind == ("webp" if side == 16_383 else "png")
    assert np.array_equal(_pixels(held), np.zeros((1, side, 3), np.uint8))


@pytest.mark.parametrize("mode", ["RGBA", "P", "I;16"])
def test_what_has_more_than_colours_stays_as_it_is(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (9, 9)).save(buffer, "PNG")
    assert _held(data_url(buffer.getvalue())) == ("png", buffer.getvalue())


def test_what_it_would_not_make_smaller_stays_as_it_is() -> None:
    assert _held(data_url(png(NOISE))) == ("png", png(NOISE))


def test_a_film_shows_the_same_pictures_as_long() -> None:
    moving = film([CHART, CHART[::-1], CHART[:, ::-1]])
    kind, content = _held(data_url(moving))
    assert kind == "webp"
    assert len(content) < 2 / 3 * len(moving)
    with Image.open(io.BytesIO(moving)) as before, Image.open(io.BytesIO(content)) as now:
        assert now.n_frames == before.n_frames == 3
        assert now.info["loop"] == 0  # it begins anew
        for place, duration_ms in enumerate((350, 350, 3000)):
            before.seek(place), now.seek(place)
            assert np.array_equal(before.convert("RGB"), now.convert("RGB"))
            now.load()
            assert now.info["duration"] == before.info["duration"] == duration_ms


def test_what_is_no_picture_stays_as_it_is() -> None:
    assert _held(data_url(b"png of something")) == ("png", b"png of something")


def test_the_browser_is_told_what_it_is() -> None:
    """The container's own head: RIFF, its length, WEBP, and VP8L for without loss."""
    _, content = _held(data_url(png(CHART)))
    magic, length, kind = struct.unpack("<4sI8s", content[:16])
    assert (magic, length, kind) == (b"RIFF", len(content) - 8, b"WEBPVP8L")
