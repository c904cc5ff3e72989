"""Marks of generated images, read back by other readers: Pillow, and the standard XML."""

import ast
import hashlib
import io
import struct
import zlib
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.data.images import encoded, write_png
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.model import build_gan
from ganatomy.marking import (
    GENERATED,
    MIXED,
    Mark,
    digest_of_generator,
    marked,
    of_others,
    packet,
    packet_of,
)
from ganatomy.report.figures.film import film
from ganatomy.report.image_file import data_url, last_picture
from ganatomy.report.sections.page_section import Picture
from ganatomy.tensors import digest_of
from tests.harness import ROOT
from tests.marks import mark_in, source_in

SHA = hashlib.sha256(b"weights").hexdigest()
TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def _pixels(seed: int = 0, channels: int = 3) -> np.ndarray:
    shape = (12, 9, channels) if channels > 1 else (12, 9)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def _film() -> bytes:
    grey = [_pixels(seed, 1)[..., None].repeat(3, -1) for seed in range(3)]
    return film(grey)


def _coloured_film() -> bytes:
    return film([_pixels(seed) for seed in range(3)])


FILES: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded(_pixels(), "png"),
    "grey png": lambda: encoded(_pixels(channels=1), "png"),
    "jpeg": lambda: encoded(_pixels(), "jpeg"),
    "gif": _film,
    "coloured gif": _coloured_film,
}


def _frames(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as image:
        frames = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
        return frames


@pytest.mark.parametrize("kind", FILES)
def test_the_mark_is_read_back_and_no_pixel_changes(kind: str) -> None:
    before = FILES[kind]()
    after = marked(before, GENERATED.by(SHA))
    assert source_in(before) is None
    assert mark_in(after) == {
        "DigitalSourceType": f"{TERMS}trainedAlgorithmicMedia",
        "AISystemUsed": "generator of a GAN",
        "AISystemVersionUsed": f"sha256:{SHA}",
        "CreatorTool": "GANatomy",
    }
    for mine, theirs in zip(_frames(after), _frames(before), strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("kind", FILES)
def test_what_is_added_is_the_packet_alone(kind: str) -> None:
    """Taken out again, byte for byte the file that was given is left."""
    before = FILES[kind]()
    after = marked(before, MIXED)
    assert after == marked(before, MIXED)
    added = len(after) - len(before)
    places = [at for at in range(len(before)) if after[:at] + after[at + added :] == before]
    assert places
    assert packet(MIXED) in after[places[0] : places[0] + added]


def test_a_png_file_is_whole_with_its_mark() -> None:
    content = marked(FILES["png"](), GENERATED)
    place, names = 8, []
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        body = content[place + 4 : place + 8 + length]
        (told,) = struct.unpack(">I", content[place + 8 + length : place + 12 + length])
        assert zlib.crc32(body) == told
        names.append(body[:4])
        place += 12 + length
    assert names[:2] == [b"IHDR", b"iTXt"]
    assert names[-1] == b"IEND"


def test_a_film_plays_as_before() -> None:
    for before in (_film(), _coloured_film()):
        with (
            Image.open(io.BytesIO(before)) as old,
            Image.open(io.BytesIO(marked(before, MIXED))) as new,
        ):
            assert old.n_frames == new.n_frames == 3
            assert old.info["loop"] == new.info["loop"] == 0
            assert old.info["duration"] == new.info["duration"]


def test_a_mark_of_another_generator_names_no_published_one() -> None:
    assert "AISystemVersionUsed" not in mark_in(marked(_film(), of_others(GENERATED).by(SHA)))


def test_a_mark_that_is_there_is_kept() -> None:
    first = marked(FILES["png"](), GENERATED.by(SHA))
    assert marked(first, MIXED) == first


def test_what_is_no_image_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no PNG, JPEG or GIF"):
        marked(b"BM nothing", GENERATED)


def test_the_digest_is_that_of_the_weights_file(tmp_path: Path) -> None:
    gan = build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0)
    save_gan(gan, tmp_path)
    said = hashlib.sha256((tmp_path / "generator_ema.safetensors").read_bytes()).hexdigest()
    assert digest_of_generator(tmp_path) == digest_of(gan.generator_ema.state_dict()) == said
    assert digest_of_generator(tmp_path / "nowhere") == ""


def test_a_page_keeps_the_mark_where_it_packs_a_picture_smaller() -> None:
    flat = marked(encoded(np.full((64, 64, 3), 7, np.uint8), "png"), GENERATED.by(SHA))
    for content in (flat, _still_of_film()):
        _, _, text = str(data_url(content)).partition(",")
        packed = b64decode(text)
        assert source_in(packed) == f"{TERMS}trainedAlgorithmicMedia"
        (mine,), (theirs,) = _frames(packed), _frames(content)
        assert np.array_equal(mine, theirs)
    assert "webp" in str(data_url(flat))[:20]


def _still_of_film() -> bytes:
    return last_picture(marked(_film(), GENERATED.by(SHA)))


def test_a_picture_of_the_page_is_drawn_with_its_mark() -> None:
    plain = encoded(_pixels(), "png")
    assert Picture(plain).drawn(SHA) == plain
    assert mark_in(Picture(plain, mark=MIXED).drawn(SHA))["AISystemVersionUsed"].endswith(SHA)
    assert packet_of(Picture(plain, mark=of_others(MIXED)).drawn(SHA)) == packet(of_others(MIXED))


def test_every_picture_of_images_says_whether_a_generator_made_them() -> None:
    """A chart may be silent; images may not: ``mark=None`` says that they are real."""
    silent, said = [], 0
    for folder in ("report", "facade"):
        for path in sorted((ROOT / "ganatomy" / folder).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Picture":
                    given = {each.arg: each.value for each in call.keywords}
                    kind = given.get("kind")
                    if isinstance(kind, ast.Constant) and kind.value in ("pixels", "film"):
                        said += "mark" in given
                        silent += [] if "mark" in given else [f"{path.name}:{call.lineno}"]
    assert not silent
    assert said > 10


def test_written_pixels_may_carry_a_mark(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", _pixels())
    write_png(tmp_path / "b.png", _pixels(), Mark("trainedAlgorithmicMedia"))
    assert source_in((tmp_path / "a.png").read_bytes()) is None
    assert source_in((tmp_path / "b.png").read_bytes()) == f"{TERMS}trainedAlgorithmicMedia"
