"""Archives, arrays, Parquet files and data sets of one's own: each pixel is the one given."""

import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data import archive
from ganatomy.data.reading import Limits
from ganatomy.data.sources import TEST, TRAIN, Raw, fetch
from ganatomy.errors import InputError

DRAW = np.random.default_rng(7)
GREY = DRAW.integers(0, 256, (6, 9, 7), dtype=np.uint8)
COLOUR = DRAW.integers(0, 256, (6, 9, 7, 3), dtype=np.uint8)
Pixels = NDArray[Any]


def _fetch(root: Path, into: Path, source: str = "image-folder", **options: Any) -> Raw:
    options = {"max_images": 0} | options
    into.mkdir(exist_ok=True)
    return fetch(
        source,
        root,
        options.pop("max_images"),
        retries=0,
        warn=lambda text: None,
        into=into / "files",
        **options,
    )


def _pixels(raw: Raw) -> list[Pixels]:
    return [np.asarray(Image.open(path)) for path in raw.files]


def _png(image: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _known(raw: Raw) -> list[str | None]:
    return [raw.class_names[k] if k >= 0 else None for k in raw.labels.tolist()]


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def _tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as packed:  # type: ignore[call-overload]
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            packed.addfile(about, io.BytesIO(content))
    return path


PACKERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "zip": _zip,
    "tar": _tar,
    "tar.gz": lambda path, members: _tar(path, members, "w:gz"),
    "tar.xz": lambda path, members: _tar(path, members, "w:xz"),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_an_archive_is_its_folder(packer: str, tmp_path: Path) -> None:
    members = {f"set/{'ab'[k % 2]}/{k}.png": _png(COLOUR[k]) for k in range(6)}
    others = {"set/notes.txt": b"x" * 5000, "__MACOSX/set/a/._0.png": b"fork", "set/bad.png": b"no"}
    root = PACKERS[packer](tmp_path / "given.bin", members | others)  # no name helps
    raw = _fetch(root, tmp_path / "out")
    folder = tmp_path / "folder"
    for name, content in (members | others).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    plain = _fetch(folder, tmp_path / "plain")
    assert [path.read_bytes() for path in raw.files] == [members[name] for name in raw.file_names]
    for name in ("file_names", "class_names", "refused", "others", "notes"):
        assert getattr(raw, name) == getattr(plain, name), name
    assert raw.labels.equal(plain.labels)
    assert _known(raw) == ["a"] * 3 + ["b"] * 3
    assert raw.refused[0]["file"] == "set/bad.png"
    assert raw.others == {"hidden": 1, "txt": 1} or raw.others == {"in __MACOSX": 1, "txt": 1}
    assert raw.origin == "archive given.bin"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["files"]


def test_labels_of_stylegan_in_a_zip(tmp_path: Path) -> None:
    members = {f"00000/img{k}.png": _png(GREY[k]) for k in range(4)}
    table = {"labels": [[name, k % 2] for k, name in enumerate(members)]}
    root = _zip(tmp_path / "a.zip", {**members, "dataset.json": json.dumps(table).encode()})
    raw = _fetch(root, tmp_path / "out")
    assert _known(raw) == ["0", "1", "0", "1"]


@pytest.mark.parametrize("packer", ["zip", "tar"])
@pytest.mark.parametrize("name", ["../out.png", "/etc/out.png", "a/../../out.png", "..\\out.png"])
def test_nothing_is_written_outside(packer: str, name: str, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    root = PACKERS[packer](inner / "a.bin", {"1.png": _png(GREY[0]), name: _png(GREY[1])})
    raw = _fetch(root, inner / "out")
    if packer == "zip" or "\\" not in name:  # in a tar file a backslash is a letter
        assert raw.file_names == ("1.png",)
        assert raw.refused[0]["reason"] == "a name that leads out of the archive"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inner"]
    assert sorted(path.name for path in inner.iterdir()) == ["a.bin", "out"]
    assert [path.name for path in (inner / "out").iterdir()] == ["files"]


def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(_png(GREY[3]))
    root = _tar(tmp_path / "a.tar", {"1.png": _png(GREY[0])})
    with tarfile.open(root, "a") as packed:
        for name, kind in (("s.png", tarfile.SYMTYPE), ("h.png", tarfile.LNKTYPE)):
            about = tarfile.TarInfo(name)
            about.type, about.linkname = kind, str(tmp_path / "secret.png")
            packed.addfile(about)
        about = tarfile.TarInfo("f.png")
        about.type = tarfile.FIFOTYPE
        packed.addfile(about)
    raw = _fetch(root, tmp_path / "out")
    assert raw.file_names == ("1.png",)
    assert {entry["file"]: entry["reason"] for entry in raw.refused} == {
        "f.png": "a special file in an archive",
        "h.png": "a link in an archive",
        "s.png": "a link in an archive",
    }


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    root = _zip(tmp_path / "a.zip", {"1.png": _png(GREY[0])})
    with zipfile.ZipFile(root, "a") as packed:
        about = zipfile.ZipInfo("s.png")
        about.external_attr = 0o120777 << 16
        packed.writestr(about, "/etc/passwd")
    assert _fetch(root, tmp_path / "out").refused == [
        {"file": "s.png", "reason": "a link in an archive"}
    ]


def test_members_of_one_name_and_large_ones_are_refused(tmp_path: Path) -> None:
    large = b"\x89PNG\r\n\x1a\n" + bytes(20 << 20)
    members = {"1.png": _png(GREY[0]), "a": b"text", "a/2.png": _png(GREY[1]), "large.png": large}
    raw = _fetch(_tar(tmp_path / "a.tar", members), tmp_path / "out", limits=Limits(1000))
    assert raw.file_names == ("1.png",)
    reasons = {entry["file"]: entry["reason"] for entry in raw.refused}
    assert reasons["a/2.png"] == "a name that is in the archive twice"
    assert reasons["large.png"].startswith("more than 16793216 bytes")


def test_an_archive_larger_than_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(archive.shutil, "disk_usage", lambda path: Usage)
    root = _tar(tmp_path / "a.tar", {f"{k}.png": _png(COLOUR[k]) for k in range(6)})
    with pytest.raises(InputError, match="more than the disk has room for"):
        _fetch(root, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("packer", ["zip", "tar", "tar.gz", "tar.xz"])
def test_half_an_archive_is_one_sentence(packer: str, tmp_path: Path) -> None:
    noise = DRAW.integers(0, 256, (6, 120, 120, 3), dtype=np.uint8)  # which nothing compresses
    root = PACKERS[packer](tmp_path / "a.bin", {f"{k}.png": _png(noise[k]) for k in range(6)})
    content = root.read_bytes()
    root.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="the archive is damaged") as caught:
        _fetch(root, tmp_path / "out")
    assert caught.value.where == f"root={root}"
    assert list((tmp_path / "out").iterdir()) == []


def test_of_a_damaged_zip_the_member_that_was_hit_is_refused(tmp_path: Path) -> None:
    root = _zip(tmp_path / "a.zip", {f"{k}.png": _png(COLOUR[k]) for k in range(6)})
    content = bytearray(root.read_bytes())
    content[content.index(_png(COLOUR[2])) + 60] ^= 0xFF
    root.write_bytes(content)
    raw = _fetch(root, tmp_path / "out")
    assert raw.file_names == ("0.png", "1.png", "3.png", "4.png", "5.png")
    assert [entry["file"] for entry in raw.refused] == ["2.png"]
    assert "CRC" in raw.refused[0]["reason"]


def test_an_archive_without_images_says_what_it_has(tmp_path: Path) -> None:
    root = _zip(tmp_path / "a.zip", {"a.txt": b"text", "b.csv": b"1,2"})
    with pytest.raises(InputError, match=r"no image in the archive \(1 csv; 1 txt\)") as caught:
        _fetch(root, tmp_path / "out")
    assert caught.value.where == f"root={root}"


def test_an_archive_of_which_nothing_was_unpacked_says_why(tmp_path: Path) -> None:
    content = bytearray(_zip(tmp_path / "a.zip", dict.fromkeys("ab", _png(GREY[0]))).read_bytes())
    for start, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        places = [k for k in range(len(content)) if content[k : k + 4] == start]
        assert len(places) == 2
        for place in places:
            content[place + flags] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"not unpacked: a \(encrypted\), and 1 more"):
        _fetch(tmp_path / "a.zip", tmp_path / "out")


def test_a_file_of_no_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no archive")
    with pytest.raises(InputError, match="neither a folder, a zip or tar file"):
        _fetch(tmp_path / "a.zip", tmp_path / "out")


ORDERS: dict[str, Pixels] = {
    "(n, h, w)": GREY,
    "(n, h, w, 1)": GREY[..., None],
    "(n, 1, h, w)": GREY[:, None],
    "(n, h, w, 3)": COLOUR,
    "(n, 3, h, w)": np.moveaxis(COLOUR, -1, 1),
}
TYPES: dict[str, Callable[[Pixels], Pixels]] = {
    "uint8": lambda levels: levels,
    "int64": lambda levels: levels.astype(np.int64),
    "big-endian": lambda levels: levels.astype(">i4"),
    "0 to 1": lambda levels: (levels / 255).astype(np.float32),
    "-1 to 1": lambda levels: levels / 127.5 - 1,
    "0 to 255": lambda levels: levels.astype(np.float32),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", TYPES)
def test_arrays_keep_every_level(order: str, kind: str, tmp_path: Path) -> None:
    wanted = GREY if "3" not in order else COLOUR
    np.save(tmp_path / "faces.npy", TYPES[kind](ORDERS[order]))
    raw = _fetch(tmp_path / "faces.npy", tmp_path / "out")
    np.testing.assert_array_equal(np.stack(_pixels(raw)), wanted)
    assert raw.file_names[4] == "faces.npy[4]"
    assert raw.class_names == ()
    assert len(raw.notes) == 1


def test_sixteen_bits_stay_and_truth_is_white(tmp_path: Path) -> None:
    deep = DRAW.integers(0, 65536, (6, 9, 7), dtype=np.uint16)
    np.save(tmp_path / "deep.npy", deep)
    raw = _fetch(tmp_path / "deep.npy", tmp_path / "out")
    np.testing.assert_array_equal(np.stack(_pixels(raw)), deep)
    assert "65535 (white)" in raw.notes[0]
    np.save(tmp_path / "mask.npy", GREY > 99)
    raw = _fetch(tmp_path / "mask.npy", tmp_path / "out2")
    np.testing.assert_array_equal(np.stack(_pixels(raw)), (GREY > 99) * 255)


def test_the_range_is_that_of_all_images_and_not_of_each(tmp_path: Path) -> None:
    images = np.full((3, 8, 8), 0.5, np.float32)
    images[2] = -1.0
    np.save(tmp_path / "a.npy", images)
    raw = _fetch(tmp_path / "a.npy", tmp_path / "out")
    assert [int(pixels[0, 0]) for pixels in _pixels(raw)] == [191, 191, 0]
    assert "numbers from -1 (black) to 1 (white)" in raw.notes[0]


def test_a_compressed_file_of_arrays_with_labels_and_a_split(tmp_path: Path) -> None:
    np.savez_compressed(
        tmp_path / "medical.npz",
        train_images=COLOUR[:4],
        train_labels=np.array([[1], [0], [1], [0]], np.uint8),
        test_images=COLOUR[4:],
        test_labels=np.array([[1], [1]], np.uint8),
    )
    raw = _fetch(tmp_path / "medical.npz", tmp_path / "out")
    np.testing.assert_array_equal(np.stack(_pixels(raw)), COLOUR)
    assert _known(raw) == ["1", "0", "1", "0", "1", "1"]
    assert raw.split.tolist() == [TRAIN] * 4 + [TEST] * 2
    assert raw.notes[0] == (
        "train_images: 4 images as (n, h, w, c), uint8, whole numbers from 0 (black) to 255 "
        "(white); labels from train_labels, for training."
    )
    none = _fetch(tmp_path / "medical.npz", tmp_path / "out2", classes="none")
    assert none.class_names == ()


def test_arrays_can_be_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=GREY, two=COLOUR, y=np.arange(6) % 3, z=np.arange(6) % 2)
    with pytest.raises(InputError, match="several arrays of images"):
        _fetch(tmp_path / "a.npz", tmp_path / "out")
    named = {"images": "two", "labels": "z"}
    raw = _fetch(tmp_path / "a.npz", tmp_path / "out2", arguments=named)
    np.testing.assert_array_equal(np.stack(_pixels(raw)), COLOUR)
    assert _known(raw) == ["0", "1"] * 3
    with pytest.raises(InputError, match="there are one, two, y, z"):
        _fetch(tmp_path / "a.npz", tmp_path / "out3", arguments={"images": "three"})


def test_some_of_many_are_spread_evenly(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GREY)
    raw = _fetch(tmp_path / "a.npy", tmp_path / "out", max_images=3)
    assert raw.file_names == ("a.npy[0]", "a.npy[2]", "a.npy[4]")
    assert raw.others == {"images left out by `max_images`": 3}


class _Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path("trapped").touch, ())


BAD: dict[str, tuple[Pixels, str]] = {
    "objects": (np.array([_Trap()], dtype=object), "would have to be unpickled"),
    "axes": (np.zeros((4, 3, 9, 3), np.uint8), "both the first and the last axis"),
    "no channels": (np.zeros((4, 17, 29, 37), np.uint8), "no axis could be"),
    "flat": (np.zeros((4, 9), np.uint8), "no array of images"),
    "empty": (np.zeros((0, 9, 9), np.uint8), "no array of images"),
    "complex": (np.zeros((4, 9, 9), np.complex64), "no levels"),
    "range": (np.full((4, 9, 9), 300.0), "values from 300 to 300"),
    "between": (np.linspace(-0.05, 1, 324).reshape(4, 9, 9), "values from -0.05 to 1"),
    "nan": (np.full((4, 9, 9), np.nan), "values from nan to nan"),
    "fortran": (np.asfortranarray(GREY), "Fortran"),
}


@pytest.mark.parametrize("kind", BAD)
def test_arrays_that_are_no_images_are_one_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values, message = BAD[kind]
    np.save(tmp_path / "a.npy", values, allow_pickle=True)
    with pytest.raises(InputError, match=message) as caught:
        _fetch(tmp_path / "a.npy", tmp_path / "out")
    assert caught.value.where == f"root={tmp_path / 'a.npy'}"
    assert not (tmp_path / "trapped").exists()


def test_an_array_that_ends_early(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GREY)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:-50])
    with pytest.raises(InputError, match="ends early"):
        _fetch(tmp_path / "a.npy", tmp_path / "out")


def _parquet(path: Path, columns: dict[str, Any], names: list[str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if names:
        features = {"label": {"names": names, "_type": "ClassLabel"}}
        about = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": about})
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize("labels", [[1, 0, 1, 0, 1, 2], [1.0, 0.0, 1.0, 0.0, 1.0, 2.0]])
def test_bytes_in_parquet(labels: list[float], tmp_path: Path) -> None:
    files = [_png(image) for image in COLOUR]
    root = _parquet(tmp_path / "a.parquet", {"img": files, "label": labels})
    raw = _fetch(root, tmp_path / "out")
    assert [path.read_bytes() for path in raw.files] == files
    assert _known(raw) == ["1", "0", "1", "0", "1", "2"]
    assert raw.file_names[5] == "a.parquet[5]"


def test_a_folder_of_parquet_as_hugging_faces_data_sets_write_it(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = [{"bytes": _png(image), "path": "x.png"} for image in COLOUR]
    cells[1] = {"bytes": None, "path": "gone.png"}
    cells[2] = {"bytes": b"no image", "path": None}
    names = ["cat", "dog", "owl"]
    data = tmp_path / "set" / "data"
    _parquet(
        data / "train-00000-of-00001.parquet", {"image": cells[:4], "label": [0, 1, 1, 2]}, names
    )
    _parquet(data / "test-00000-of-00001.parquet", {"image": cells[4:], "label": [0, 1]}, names)
    raw = _fetch(tmp_path / "set", tmp_path / "out")
    kept = [4, 5, 0, 3]
    np.testing.assert_array_equal(np.stack(_pixels(raw)), COLOUR[kept])
    assert _known(raw) == ["cat", "dog", "cat", "owl"]
    assert raw.split.tolist() == [TEST, TEST, TRAIN, TRAIN]
    reasons = [entry["reason"] for entry in raw.refused]
    assert reasons[0] == "only a path, gone.png, and no bytes"
    assert reasons[1].startswith("not an image (text content)")


def test_parquet_files_beside_images_are_no_source(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    _parquet(folder / "scores.parquet", {"score": [1.0]})
    for k in range(2):
        (folder / f"{k}.png").write_bytes(_png(GREY[k]))
    assert _fetch(folder, tmp_path / "out").others == {"parquet": 1}


@pytest.mark.parametrize(
    ("columns", "arguments", "message"),
    [
        ({"score": [1.0]}, {}, r"no column of bytes; there are score \(double\)"),
        ({"a": [b"x"], "b": [b"y"]}, {}, "several columns of bytes, a and b"),
        ({"a": [b"x"]}, {"images": "z"}, "no column 'z' of bytes"),
        ({"a": [b"x"]}, {"labels": "z"}, "no column 'z'"),
        ({"a": [b"x"]}, {}, "no image that can be used"),
    ],
)
def test_parquet_that_has_no_images_is_one_sentence(
    columns: dict[str, Any], arguments: dict[str, str], message: str, tmp_path: Path
) -> None:
    root = _parquet(tmp_path / "a.parquet", columns)
    with pytest.raises(InputError, match=message):
        _fetch(root, tmp_path / "out", arguments=arguments)


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="not a whole Parquet file"):
        _fetch(tmp_path / "a.parquet", tmp_path / "out")


class Own(torch.utils.data.Dataset[Any]):
    """A data set as people write them."""

    classes = ("even", "odd")

    def __init__(self, kind: str = "tensor", count: int = 6) -> None:
        self.kind, self.count = kind, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> Any:
        image = COLOUR[place % 6]
        signed = torch.from_numpy(image).permute(2, 0, 1).float() / 127.5 - 1
        if self.kind == "late" and place == 300:
            return signed, 0
        if self.kind == "broken" and place == 2:
            raise ValueError("cannot be read")
        if self.kind == "nothing":
            return "no image", 0
        return {
            "tensor": (signed, torch.tensor(place % 2)),
            "broken": (signed, place % 2),
            "late": (signed.add(1).div(2), 0),
            "pil": (Image.fromarray(image), place % 2),
            "dict": {"image": image, "label": place % 2},
            "float": (image, np.float64(place % 2)),
            "bare": image,
            "vector": (image, np.zeros(3)),
        }[self.kind]


def _own(tmp_path: Path, **arguments: Any) -> Raw:
    return _fetch(tmp_path, tmp_path / "out", f"{__name__}:Own", arguments=arguments)


@pytest.mark.parametrize("kind", ["tensor", "pil", "dict", "float", "bare", "vector"])
def test_a_data_set_of_ones_own_keeps_every_level(kind: str, tmp_path: Path) -> None:
    raw = _own(tmp_path, kind=kind)
    np.testing.assert_array_equal(np.stack(_pixels(raw)), COLOUR)
    assert _known(raw) == ([None] * 6 if kind in ("bare", "vector") else ["even", "odd"] * 3)
    assert raw.file_names[1] == "Own[1]"
    assert raw.notes[0] == f"{__name__}:Own(kind={kind!r}): 6 items."


def test_an_item_that_fails_is_refused_alone(tmp_path: Path) -> None:
    raw = _own(tmp_path, kind="broken")
    assert raw.refused == [{"file": "Own[2]", "reason": "cannot be read"}]
    np.testing.assert_array_equal(np.stack(_pixels(raw)), COLOUR[[0, 1, 3, 4, 5]])


def test_a_value_outside_the_range_of_the_first_ones_is_refused(tmp_path: Path) -> None:
    raw = _own(tmp_path, kind="late", count=302)
    assert [entry["file"] for entry in raw.refused] == ["Own[300]"]
    assert "but numbers from 0 (black) to 1 (white)" in raw.refused[0]["reason"]


def test_torchvisions_own(tmp_path: Path) -> None:
    raw = _fetch(
        tmp_path,
        tmp_path / "out",
        "torchvision.datasets:FakeData",
        arguments={"size": 4, "image_size": [3, 8, 8], "num_classes": 2},
    )
    assert [pixels.shape for pixels in _pixels(raw)] == [(8, 8, 3)] * 4


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("no.such:Thing", {}, "there is no module"),
        (f"{__name__}:Nothing", {}, "has no 'Nothing'"),
        (f"{__name__}:Own", {"size": 3}, "raised TypeError"),
        (f"{__name__}:len", {}, "has no 'len'"),
        ("builtins:int", {}, "which has no length"),
        (f"{__name__}:Own", {"kind": "nothing"}, "a str where an image was to be"),
    ],
)
def test_a_class_that_is_no_data_set_is_one_sentence(
    source: str, arguments: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        _fetch(tmp_path, tmp_path / "out", source, arguments=arguments)


def test_what_a_source_has_not_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(_png(GREY[0]))
    np.save(tmp_path / "a.npy", GREY)
    with pytest.raises(InputError, match="take no arguments"):
        _fetch(tmp_path, tmp_path / "out", arguments={"images": "x"})
    with pytest.raises(InputError, match="takes no arguments"):
        _fetch(tmp_path, tmp_path / "out", "mnist", arguments={"train": True})
    with pytest.raises(InputError, match="no folders and no table"):
        _fetch(tmp_path / "a.npy", tmp_path / "out", classes="folders")
    with pytest.raises(InputError, match="have to be written into one"):
        fetch("image-folder", tmp_path / "a.npy", 0, retries=0, warn=lambda text: None)


def test_a_pickle_called_npy_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npy").write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(InputError):
        _fetch(tmp_path / "a.npy", tmp_path / "out")
    assert not (tmp_path / "trapped").exists()
