"""Any file under any name: one decoder sees it at most, and one image takes only so much."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageFile

from ganatomy.data import decoding
from ganatomy.data.formats import FORMATS, format_of
from ganatomy.data.reading import Limits, Refused, check_image, read_content, read_image, reason_of
from ganatomy.data.values import Treatment
from tests.unit.data.raws import both, raw_files, read_back, run_prepare, save

LIMITS = Limits(max_pixels=10_000)
POSTSCRIPT = (
    "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n"
    "0.5 setgray 0 0 32 32 rectfill\nshowpage\n%%EOF\n"
)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _reason(content: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - decoders raise anything
        read_image(content, 28, limits)
    return reason_of(caught.value)


# ---- one decoder ----


@pytest.mark.parametrize("form", FORMATS)
def test_listed_formats_are_read_under_any_name(form: str, tmp_path: Path) -> None:
    left = Image.new("RGB", (28, 28))
    left.paste((255, 255, 255), (0, 0, 14, 28))
    content = _saved(left, form)
    assert format_of(content) == form
    path = tmp_path / "no suffix"
    path.write_bytes(content)
    pixels = read_back(path).astype(int)
    assert (pixels[:, :12] > 240).all()
    assert (pixels[:, 16:] < 15).all()


@pytest.mark.parametrize(
    ("form", "called"),
    [
        ("EPS", "PostScript"),
        ("ICO", "ICO"),
        ("PPM", "Netpbm"),
        ("JPEG2000", "JPEG 2000"),
        ("AVIF", "AVIF"),
        ("DDS", "DDS"),
        ("SGI", "SGI"),
    ],
)
def test_other_formats_are_refused_by_their_true_name(form: str, called: str) -> None:
    reason = _reason(_saved(Image.new("RGB", (28, 28)), form))
    assert f"a {called} file, none of PNG, JPEG, WEBP, BMP, GIF, TIFF" in reason


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (b"<!DOCTYPE html><title>404</title>", "HTML"),
        (b"root:x:0:0", "text"),
        (b"\x7fELF\2\1\1", "program"),
        (bytes(600), "unknown"),
        (b"BMP is not the first word of a bitmap", "text"),
    ],
)
def test_what_is_no_image_is_said_in_words(content: bytes, called: str) -> None:
    assert f"not an image ({called} content)" in _reason(content)


def test_postscript_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = tmp_path / "started"
    program = tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{started}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # looked for anew
    (tmp_path / "a.png").write_text(POSTSCRIPT)
    good = save(Image.new("L", (28, 28)), tmp_path / "good.png")
    prepared = run_prepare(raw_files(good, tmp_path / "a.png", good))
    assert not started.exists()
    assert [entry["file"] for entry in prepared.quarantine] == ["a.png"]
    assert "PostScript" in prepared.quarantine[0]["reason"]


def test_a_name_cannot_lead_past_the_first_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each listed format is given to its own decoder alone."""
    asked: list[object] = []
    true_open = Image.open

    def remember(file: object, formats: object = None) -> Image.Image:
        asked.append(formats)
        return true_open(file, formats=formats)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", remember)
    for form in FORMATS:
        read_image(_saved(Image.new("RGB", (28, 28)), form), 28, LIMITS)
    assert asked == [[form] for form in FORMATS]


# ---- bounds ----


def _huge_png() -> bytes:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def _patched(form: str, change: Callable[[bytes], bytes]) -> bytes:
    return change(_saved(Image.new("L", (28, 28)), form))


HUGE = {
    "png": _huge_png(),
    "bmp": _patched("BMP", lambda b: b[:18] + struct.pack("<ii", 60_000, 60_000) + b[26:]),
    "gif": _patched("GIF", lambda b: b[:6] + struct.pack("<HH", 60_000, 60_000) + b[10:]),
    "webp": _saved(Image.new("L", (16_000, 1)), "WEBP"),
    "tiff": _saved(Image.new("1", (60_000, 300)), "TIFF", compression="group4"),
    "jpeg": _saved(Image.new("L", (400, 400)), "JPEG"),
}


@pytest.mark.parametrize("form", HUGE)
def test_large_images_are_refused_before_they_are_decoded(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    reason = _reason(HUGE[form])
    assert "pixels, more than max_pixels=10000" in reason or "more pixels than 1789" in reason


def test_a_file_larger_than_any_image_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.touch()
    os.truncate(path, 16 * 10_000 + 2**24)  # a hole: takes no disk
    assert len(read_content(path, 10_000)) == path.stat().st_size
    os.truncate(path, path.stat().st_size + 1)
    with pytest.raises(Refused, match="more than an image of max_pixels=10000"):
        read_content(path, 10_000)


def _many_scans(side: int, count: int) -> bytes:
    """A progressive JPEG of a few hundred kilobytes that takes minutes: its last scan, repeated."""
    content = _saved(Image.new("L", (side, side), 200), "JPEG", progressive=True)
    scan = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + scan * count + content[-2:]


@pytest.mark.parametrize("read", [check_image, lambda b, limits: read_image(b, 28, limits)])
def test_an_image_that_takes_too_long_is_given_up(
    read: Callable[[bytes, Limits], object],
) -> None:
    limits = Limits(max_pixels=10**8, max_seconds=0.3)
    with pytest.raises(TimeoutError, match=r"not decoded within 0\.3 s"):
        read(_many_scans(3000, 3000), limits)
    assert read_image(_saved(Image.new("L", (28, 28), 7), "PNG"), 28, limits).pixels.max() == 7


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(Refused, match="not a regular file"):
        read_content(tmp_path / "a.png", 10_000)


# ---- one image is one image ----


def _bad_rational(orientation: int) -> bytes:
    """EXIF whose XResolution is the signed rational -1/0, after an orientation."""
    turn = struct.pack("<HHII", 0x112, 3, 1, orientation)
    resolution = struct.pack("<HHII", 0x11A, 10, 1, 38) + bytes(4) + struct.pack("<ii", -1, 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + turn + resolution


@pytest.mark.parametrize(("orientation", "bright"), [(6, np.s_[:12]), (8, np.s_[16:])])
def test_a_damaged_rational_leaves_the_image_upright(
    orientation: int, bright: slice, tmp_path: Path
) -> None:
    image = Image.new("L", (28, 28))
    image.paste(255, (0, 0, 14, 28))
    path = save(image, tmp_path / "a.jpg", exif=_bad_rational(orientation), quality=95)
    pixels = read_back(path, channels=1)[..., 0]
    assert (pixels[bright] > 240).all()
    assert (pixels < 15).sum() >= 28 * 12


@pytest.mark.parametrize(
    "error",
    [
        struct.error("argument out of range"),
        MemoryError(),
        RecursionError("too deep"),
        zlib.error("bad"),
        OverflowError("int"),
        KeyError("tile"),
        ZeroDivisionError("division by zero"),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_raised_for_one_image_is_that_images(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(content: bytes, size: int, limits: Limits, treatment: Treatment) -> object:
        if b"bad" in content:
            raise error
        return read_image(content, size, limits, treatment)

    monkeypatch.setattr(decoding, "read_image", read)
    good = save(Image.new("L", (28, 28)), tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(good.read_bytes() + b"bad")
    prepared = run_prepare(raw_files(good, tmp_path / "bad.png", good))
    assert len(both(prepared)) == 2
    assert [entry["file"] for entry in prepared.quarantine] == ["bad.png"]
    assert prepared.quarantine[0]["reason"]


# ---- values ----


@pytest.mark.parametrize(("photometric", "level"), [(0, 255 - 234), (1, 234)])
def test_white_is_zero_is_followed_in_sixteen_bits(photometric: int, level: int) -> None:
    deep = Image.fromarray(np.full((28, 28), 60_000, dtype=np.uint16))  # 60000 // 256 == 234
    content = _saved(deep, "TIFF", tiffinfo={262: photometric})
    assert (read_image(content, 28, LIMITS).pixels == level).all()


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_a_range_are_refused(mode: str) -> None:
    assert "without a stated range" in _reason(_saved(Image.new(mode, (28, 28)), "TIFF"))


@pytest.mark.parametrize("form", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_is_taken(form: str) -> None:
    frames = [Image.new("RGB", (28, 28), (level, level, level)) for level in (40, 200)]
    content = _saved(frames[0], form, save_all=True, append_images=frames[1:])
    assert np.abs(read_image(content, 28, LIMITS).pixels.astype(int) - 40).max() <= 1
