"""What a folder's order is taken for, and that it is said."""

import json
from pathlib import Path

import pytest
from PIL import Image

from ganatomy.data.choices import Classes
from ganatomy.data.label_table import LabelTable
from ganatomy.data.sources import TEST, TRAIN, UNSPLIT, Raw, fetch
from ganatomy.data.structure import Structure, notes_on_classes, read_structure
from ganatomy.errors import InputError


def _folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(root / name)
    return root


def _fetch(root: Path, classes: Classes = "auto") -> Raw:
    return fetch("image-folder", root, 0, retries=0, warn=lambda text: None, classes=classes)


def _known(raw: Raw) -> dict[str, str | None]:
    names = [raw.class_names[k] if k >= 0 else None for k in raw.labels.tolist()]
    return dict(zip(raw.file_names, names))


def test_folders_are_classes() -> None:
    found = read_structure(["a/1.png", "b/2.png", "b/3.png", "4.png"])
    assert found.classes == ["a", "b", "b", None]
    assert found.sides == [""] * 4
    assert found.notes == ["2 classes, by the folders: a and b."]


def test_a_split_is_no_class_and_classes_are_below_it() -> None:
    names = ["Train/cat/1.png", "Train/dog/2.png", "test/cat/3.png", "valid/dog/4.png"]
    found = read_structure(names)
    assert found.classes == ["cat", "dog", "cat", "dog"]
    assert found.sides == ["train", "train", "test", "test"]
    assert found.notes[0] == (
        "A split, not classes: Train/ (2 images) for training, test/ (1 image) and valid/ "
        "(1 image) held out."
    )
    as_asked = read_structure(names, "folders")
    assert as_asked.classes == ["Train", "Train", "test", "valid"]
    assert as_asked.sides == [""] * 4


def test_a_split_without_classes_keeps_its_sides() -> None:
    found = read_structure(["train/images/1.png", "test/images/2.png", "cover.png"])
    assert (found.classes, found.sides) == ([None] * 3, ["train", "test", "train"])
    assert any("1 image beside these folders: taken for training" in note for note in found.notes)


def test_a_folder_that_is_only_called_like_a_split_beside_others_is_a_class() -> None:
    found = read_structure(["train/1.png", "car/2.png"])
    assert (found.classes, found.sides) == (["train", "car"], ["", ""])


def test_one_side_alone_is_told() -> None:
    found = read_structure(["train/cat/1.png", "train/dog/2.png"])
    assert (found.classes, found.sides) == (["cat", "dog"], ["train", "train"])
    assert found.notes[0] == (
        "One side of a split, not a class: train/ (2 images); the other one is drawn."
    )


def test_a_folder_that_all_lie_below_is_passed_over() -> None:
    found = read_structure(["my/set/cat/1.png", "my/set/dog/2.png"])
    assert found.classes == ["cat", "dog"]
    assert found.notes[0] == "All images lie below my/set/."


@pytest.mark.parametrize(
    ("folders", "is_classes"),
    [
        (["00000", "00001"], False),
        (["000000", "000012", "123456"], False),
        (["0000", "0001"], True),  # too short
        (["00000", "000001"], True),  # of two widths
        (["10000", "20000"], True),  # no zeros first: years, codes
        (["00000", "cats"], True),
    ],
)
def test_numbered_parts_are_no_classes(folders: list[str], is_classes: bool) -> None:
    names = [f"{folder}/x.png" for folder in folders]
    found = read_structure(names)
    assert found.classes == (folders if is_classes else [None] * len(folders))
    assert any("numbered parts, not classes" in note for note in found.notes) != is_classes
    assert read_structure(names, "folders").classes == folders


def test_folders_inside_classes_are_told() -> None:
    found = read_structure(["cat/1.png", "cat/dog/2.png", "cat/dog/3.png", "dog/4.png"])
    assert found.classes == ["cat", "cat", "cat", "dog"]
    assert (
        found.notes[-1] == "Folders inside those of classes count as the outer class: cat/dog/ (2)."
    )


def test_many_names_are_shortened() -> None:
    note = read_structure([f"c{k}/1.png" for k in range(9)]).notes[0]
    assert note == "9 classes, by the folders: c0, c1, c2, c3, c4, c5 and 3 more."


def test_no_classes_when_none_are_wanted_but_the_split_stays() -> None:
    found = read_structure(["train/a/1.png", "test/b/2.png"], "none")
    assert (found.classes, found.sides) == ([None, None], ["train", "test"])


def test_classes_of_few_images_and_images_without_a_class_are_told() -> None:
    notes = notes_on_classes(["a"] * 10 + ["b"] * 9 + ["c"] + [None] * 2)
    assert notes == ["Classes of fewer than 10 images: c (1) and b (9).", "2 images have no class."]
    assert notes_on_classes([None, None]) == []
    assert notes_on_classes(["a"] * 10) == []


def test_no_images_have_no_structure() -> None:
    assert read_structure([]) == Structure([], (), [], [])


@pytest.fixture
def stylegan(tmp_path: Path) -> Path:
    """As StyleGAN's dataset tool lays images out, 11 labels, of which two are used."""
    names = [f"00000/img0000000{k}.png" for k in range(3)] + ["00001/img00001000.png"]
    labels = [[name, label] for name, label in zip(names, [10, 2, 10, 2])]
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels[:3]}))
    return _folder(tmp_path, *names)


def test_stylegans_labels_go_before_folders(stylegan: Path) -> None:
    raw = _fetch(stylegan)
    assert raw.class_names == ("2", "10")
    assert list(_known(raw).values()) == ["10", "2", "10", None]
    assert "2 classes, by dataset.json." in raw.notes
    assert "1 image has no class." in raw.notes
    assert _fetch(stylegan, "none").class_names == ()
    assert _fetch(stylegan, "folders").class_names == ("00000", "00001")


def test_stylegans_table_is_found_below_a_common_folder(stylegan: Path, tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.parent.mkdir()
    inner.mkdir()
    for name in ("00000", "00001", "dataset.json"):
        (stylegan / name).rename(inner / name)
    assert _fetch(tmp_path / "outer").class_names == ("2", "10")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ('{"labels": [["a.png", "cat"]]}', "whole number"),
        ('{"labels": [["a.png", [0.5, 0.5]]]}', "whole number"),
        ('{"labels": {"a.png": 3}}', "whole number"),
        ('{"labels": [["a.png", true]]}', "whole number"),
        ('{"labels": [["other.png", 3]]}', r"names none of the images, but 'other.png'"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_once(
    content: str, message: str, tmp_path: Path
) -> None:
    _folder(tmp_path, "a.png", "b.png")
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        _fetch(tmp_path)
    assert "classes=none" in caught.value.remedy
    assert _fetch(tmp_path, "none").class_names == ()


@pytest.mark.parametrize("content", ['{"labels": null}', "[1, 2]", '{"name": "mine"}'])
def test_a_table_without_labels_is_told(content: str, tmp_path: Path) -> None:
    _folder(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "dataset.json").write_text(content)
    raw = _fetch(tmp_path)
    assert raw.class_names == ("a", "b")
    assert raw.notes[0] == "dataset.json has no labels."


def test_a_table_is_needed_where_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no dataset\.json"):
        _fetch(_folder(tmp_path, "a/1.png", "b/2.png"), "dataset.json")


def test_a_table_outside_is_not_read_through_a_link(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "images", "a.png", "b.png")
    (tmp_path / "labels.json").write_text('{"labels": [["a.png", 0], ["b.png", 1]]}')
    (folder / "dataset.json").symlink_to(tmp_path / "labels.json")
    assert _fetch(folder).class_names == ()
    followed = fetch(
        "image-folder", folder, 0, retries=0, warn=lambda text: None, follow_links=True
    )
    assert followed.class_names == ("0", "1")


def test_what_systems_leave_beside_images_is_counted_and_not_read(tmp_path: Path) -> None:
    names = ["a/1.png", "b/2.png", "@eaDir/3.png", "__MACOSX/a/4.png", "a/@eaDir/1.png/5.png"]
    _folder(tmp_path, *names)
    (tmp_path / "a" / ".DS_Store").touch()
    raw = _fetch(tmp_path)
    assert raw.file_names == ("a/1.png", "b/2.png")
    assert raw.class_names == ("a", "b")
    assert raw.others == {"hidden": 1, "in @eaDir": 2, "in __MACOSX": 1}


def test_sides_become_the_split(tmp_path: Path) -> None:
    raw = _fetch(_folder(tmp_path, "train/1.png", "val/2.png"))
    assert dict(zip(raw.file_names, raw.split.tolist())) == {
        "train/1.png": TRAIN,
        "val/2.png": TEST,
    }
    assert (_fetch(tmp_path, "folders").split == UNSPLIT).all()


def test_other_sources_know_their_classes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="knows its classes"):
        fetch("mnist", tmp_path, 0, retries=0, warn=lambda text: None, classes="none")


def test_a_table_says_what_it_was_asked_for() -> None:
    notes: list[str] = []
    table = LabelTable({"1.png": 7}, "set/")
    assert table.of(["set/1.png", "set/2.png"], notes) == ["7", None]
