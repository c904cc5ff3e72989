"""Every file of a folder is an image, refused by name, or counted; only images are ever copied."""

import os
import socket
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from ganatomy.data.collecting import LEFT_OUT
from ganatomy.data.folder import walk
from ganatomy.data.reading import Limits
from ganatomy.data.sources import Raw, fetch
from ganatomy.errors import InputError
from tests.unit.data.raws import run_prepare

SECRET = b"a secret that is no image"


def _image(path: Path, level: int = 0, form: str = "PNG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (30, 20), level).save(path, form)
    return path


def _fetch(root: Path, max_images: int = 0, follow_links: bool = False) -> Raw:
    """The source, with its files copied beside it."""
    return fetch(
        "image-folder",
        root,
        max_images,
        retries=0,
        warn=lambda text: None,
        follow_links=follow_links,
        limits=Limits(max_pixels=10_000, max_seconds=20),
        into=root.parent / "copies",
    )


def _reasons(raw: Raw) -> dict[str, str]:
    return {entry["file"]: entry["reason"] for entry in raw.refused}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of the user's, with one good image."""
    _image(tmp_path / "images" / "good.png")
    return tmp_path / "images"


# ---- everything is accounted for ----


def test_every_file_is_used_refused_or_counted(root: Path) -> None:
    for index, suffix in enumerate(("webp", "tif", "bmp", "jfif", "gif", "PNG", "JPeG", "dat")):
        _image(root / f"other{index}.{suffix}", index, ["WEBP", "TIFF", "BMP", "JPEG"][index % 4])
    _image(root / "no suffix")
    _image(root / "photo.heic")  # a PNG, whatever it is called
    (root / "notes.txt").write_text("text")
    (root / "more.txt").write_text("text")
    (root / "table.csv").write_text("file,x")
    (root / "Thumbs.db").write_bytes(bytes(600))
    (root / "README").write_text("text")
    (root / "strange.a b").write_text("text")
    _image(root / ".DS_Store")
    _image(root / ".cache" / "deep" / "1.png")
    (root / "broken.png").write_text("<html>404</html>")
    (root / "empty.jpg").touch()
    (root / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    Image.new("L", (4, 4)).save(root / "logo.ico")
    (root / "half.png").write_bytes((root / "good.png").read_bytes()[:50])
    Image.new("L", (200, 51)).save(root / "large.png")
    raw = _fetch(root)
    assert len(raw.files) == 1 + 8 + 2
    expected = {"txt": 2, "csv": 1, "db": 1, "no suffix": 1, "other": 1, "hidden": 2}
    assert raw.others == expected
    reasons = _reasons(raw)
    assert "HTML" in reasons.pop("broken.png")
    assert reasons.pop("empty.jpg") == "empty file"
    assert "SVG" in reasons.pop("drawing.svg")
    assert "ICO" in reasons.pop("logo.ico")
    assert "truncated" in reasons.pop("half.png")
    assert "200 x 51 pixels" in reasons.pop("large.png")
    assert reasons == {}
    num_files = sum(len(names) for _, _, names in os.walk(root))
    assert len(raw.files) + len(raw.refused) + sum(raw.others.values()) == num_files


def test_kinds_are_few(root: Path) -> None:
    for number in range(60):
        (root / f"slice.{number:03}").write_text("text")
        (root / f"{number}.txt").write_text("text")
    others = _fetch(root).others
    assert others["txt"] == 60
    assert others["other"] == 60 - (len(others) - 2)
    assert len(others) <= 21


def test_what_fetch_refused_is_in_the_quarantine(root: Path) -> None:
    _image(root / "second.png")
    (root / "broken.png").write_text("no image")
    assert [entry["file"] for entry in run_prepare(_fetch(root)).quarantine] == ["broken.png"]


@pytest.mark.parametrize("count", [5, 10, 17, 18])
def test_max_images_keeps_each_classs_share(count: int, tmp_path: Path) -> None:
    for name, number in (("a", 8), ("b", 8), ("c", 2)):
        for index in range(number):
            _image(tmp_path / "images" / name / f"{index}.png")
    raw = _fetch(tmp_path / "images", max_images=count)
    assert len(raw.files) == len(raw.labels) == count
    for label, number in enumerate((8, 8, 2)):
        assert abs(int((raw.labels == label).sum()) - number * count / 18) < 1
    assert raw.others.get(LEFT_OUT, 0) == 18 - count
    again = _fetch(tmp_path / "images", max_images=count)
    assert again.file_names == raw.file_names == tuple(sorted(raw.file_names))


def test_a_table_may_name_what_is_not_used(root: Path) -> None:
    for index in range(4):
        _image(root / f"{index}.png")
    (root / "broken.png").write_text("no image")
    names = ["good.png", "broken.png", *(f"{index}.png" for index in range(4))]
    table = root / "table.csv"
    table.write_text("file,x\n" + "".join(f"{name},{k}\n" for k, name in enumerate(names)))
    raw = fetch("image-folder", root, 3, retries=0, warn=lambda text: None, attributes=table)
    assert raw.attributes["x"].tolist() == [float(names.index(name)) for name in raw.file_names]
    table.write_text("file,x\ngood.png,1\nstranger.png,2\n")
    with pytest.raises(InputError, match=r"stranger\.png"):
        fetch("image-folder", root, 3, retries=0, warn=lambda text: None, attributes=table)


# ---- links and what is no file ----


def test_links_that_lead_out_are_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    _image(tmp_path / "outside" / "cat" / "1.png", 9)
    (root / "secret.png").symlink_to(tmp_path / "secret")
    (root / "image.png").symlink_to(tmp_path / "outside" / "cat" / "1.png")
    (root / "relative.png").symlink_to(Path("..") / "outside" / "cat" / "1.png")
    (root / "cat").symlink_to(tmp_path / "outside" / "cat")
    (root / "images2").symlink_to(tmp_path / "images2")  # a sibling of a longer name
    _image(tmp_path / "images2" / "1.png")
    raw = _fetch(root)
    assert raw.file_names == ("good.png",)
    reasons = _reasons(raw)
    assert sorted(reasons) == ["cat", "image.png", "images2", "relative.png", "secret.png"]
    assert all("`follow_links=True`" in reason for reason in reasons.values())


def test_bytes_that_are_no_image_are_never_copied(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    (root / "secret.png").symlink_to(tmp_path / "secret")
    (root / "hard.png").hardlink_to(tmp_path / "secret")
    header = (root / "good.png").read_bytes()[:33]  # begins as an image does
    (root / "disguised.png").write_bytes(header + SECRET)
    raw = _fetch(root, follow_links=True)
    assert sorted(_reasons(raw)) == ["disguised.png", "hard.png", "secret.png"]
    copies = [path.read_bytes() for path in (root.parent / "copies").iterdir()]
    assert copies == [(root / "good.png").read_bytes()]


def test_links_are_followed_on_request(root: Path, tmp_path: Path) -> None:
    _image(tmp_path / "store" / "cats" / "1.png", 1)
    _image(tmp_path / "store" / "dogs" / "deep" / "2.png", 2)
    (root / "cat").symlink_to(tmp_path / "store" / "cats")
    (root / "dog").symlink_to(tmp_path / "store" / "dogs")
    (root / "loose.png").symlink_to(tmp_path / "store" / "cats" / "1.png")
    raw = _fetch(root, follow_links=True)
    assert raw.file_names == ("cat/1.png", "dog/deep/2.png", "good.png", "loose.png")
    assert raw.class_names == ("cat", "dog")


def test_links_inside_need_no_leave(root: Path) -> None:
    _image(root / "a" / "1.png")
    _image(root / ".store" / "2.png")
    (root / "same.png").symlink_to("a/1.png")
    (root / "kept.png").symlink_to(".store/2.png")
    (root / "b").symlink_to("a")
    (root / "c").symlink_to(".store")
    raw = _fetch(root)
    assert raw.file_names == ("a/1.png", "c/2.png", "good.png", "kept.png", "same.png")
    assert raw.others == {"hidden": 1, "link to a folder beside": 1}


def test_a_root_that_is_a_link_is_the_folder_it_leads_to(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    (root / "inner.png").symlink_to(root / "good.png")
    assert _fetch(tmp_path / "link").file_names == ("good.png", "inner.png")


@pytest.mark.parametrize("follow_links", [False, True])
def test_loops_end(follow_links: bool, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    _image(outside / "1.png")
    (root / "up").symlink_to("..")
    (root / "self").symlink_to(".")
    (root / "out").symlink_to(outside)
    (outside / "back").symlink_to(root)
    (outside / "round").symlink_to(outside)
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "gone.png").symlink_to("nowhere")
    names = Counter(entry.name for entry in walk(root, follow_links))
    assert max(names.values()) == 1
    raw = _fetch(root, follow_links=follow_links)
    assert "good.png" in raw.file_names
    assert len(raw.file_names) == (2 if follow_links else 1)
    for name in ("a", "b", "gone.png"):
        assert _reasons(raw)[name] == "a link that leads nowhere"


def test_what_is_no_file_is_refused_without_being_opened(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "fifo.png")
    (root / "device.png").symlink_to("/dev/zero")
    listener = socket.socket(socket.AF_UNIX)
    folder = os.open(root, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{folder}/socket.png")  # the path itself may be too long
    try:
        reasons = _reasons(_fetch(root, follow_links=True))
    finally:
        listener.close()
        os.close(folder)
    assert reasons == {
        "fifo.png": "a FIFO, not a file of data",
        "device.png": "a device, not a file of data",
        "socket.png": "a socket, not a file of data",
    }


# ---- one file is one file ----


def test_names_of_any_bytes_can_be_written(root: Path) -> None:
    _image(root / "second.png")
    for name in (b"\xff\xfe.png", b"line\nbreak.png"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text("no image")
    quarantine = run_prepare(_fetch(root)).quarantine
    assert sorted(entry["file"] for entry in quarantine) == ["\\xff\\xfe.png", "line\\nbreak.png"]
    assert all(entry["file"].encode("utf-8").isascii() for entry in quarantine)


def test_a_file_that_vanishes_is_refused_by_name(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganatomy.data import collecting

    _image(root / "gone.png")
    true_survey = collecting.survey

    def survey(folder: Path, follow_links: bool) -> object:
        found = true_survey(folder, follow_links)
        (root / "gone.png").unlink()
        return found

    monkeypatch.setattr(collecting, "survey", survey)
    raw = _fetch(root)
    assert raw.file_names == ("good.png",)
    assert _reasons(raw) == {"gone.png": "No such file or directory"}


def test_a_tree_deeper_than_the_stack(root: Path) -> None:
    handle = os.open(root, os.O_RDONLY)
    for _ in range(2200):  # longer than a path may be, too
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    try:
        raw = _fetch(root)
    finally:
        subprocess.run(["rm", "-rf", root / "d"], check=True)  # Python's own recurses
    assert raw.file_names == ("good.png",)
    assert list(_reasons(raw).values()) == ["File name too long"]


def test_a_folder_of_nothing_usable_says_what_is_there(tmp_path: Path) -> None:
    root = tmp_path / "images"
    root.mkdir()
    for index in range(5):
        (root / f"{index}.png").write_text("no image")
    (root / "table.csv").touch()
    with pytest.raises(InputError) as caught:
        _fetch(root)
    assert "0.png: not an image (text content)" in caught.value.what
    assert "...; 1 csv" in caught.value.what
