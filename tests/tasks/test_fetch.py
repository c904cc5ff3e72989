"""Stages fetch and prepare on a folder of the user's: what each file of it became."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from flows import params
from ganatomy.errors import InputError
from ganatomy.files import read_json
from ganatomy.report.sections.page_section import rows_of
from tasks.fetch import __main__ as fetch
from tasks.params.section import read_document
from tasks.prepare import __main__ as prepare
from tasks.shared.events import Events


class _Told(Events):
    """Events of a stage, with its warnings kept."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage, None)
        self.warnings: list[str] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of twelve images in two classes, and of other things, as working folder."""
    for index in range(12):
        path = tmp_path / "images" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (30, 28), 20 * index).save(path)
    (tmp_path / "images" / "a" / "notes.txt").write_text("text")
    (tmp_path / "images" / "a" / "broken.png").write_text("no image")
    (tmp_path / "secret").write_text("a secret")
    (tmp_path / "images" / "a" / "secret.png").symlink_to(tmp_path / "secret")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _set(project: Path, **values: object) -> None:
    document = params.defaults()
    document["fetch"] |= {"source": "image-folder", "root": "images", **values}
    document["prepare"]["min_images"] = 4
    (project / "params.yaml").write_text(params.dump(document))


def _run(project: Path) -> tuple[_Told, _Told]:
    told = _Told("fetch"), _Told("prepare")
    threads = torch.get_num_threads()
    fetch.main(told[0])
    prepare.main(told[1])
    torch.set_num_threads(threads)
    return told


def test_every_file_is_told_of(project: Path) -> None:
    _set(project, max_images=10)
    of_fetch, of_prepare = _run(project)
    assert of_fetch.warnings == [
        "5 of 15 files are not used: 2 refused, 1 txt, 2 images left out by fetch.max_images"
    ]
    assert "2 files refused" in of_prepare.warnings[-1]
    quarantine = pd.read_csv("data/prepared/quarantine.csv")
    assert quarantine["file"].tolist() == ["a/broken.png", "a/secret.png"]
    card = read_json(project / "reports" / "prepare" / "card.json")
    assert card["num_quarantined"] == 2
    assert card["others"] == {"txt": 1, "images left out by fetch.max_images": 2}
    num_used = card["train"]["num_images"] + card["test"]["num_images"]
    assert num_used + card["num_quarantined"] + sum(card["others"].values()) == 15


def test_what_the_folder_was_taken_for_is_told_and_kept(project: Path) -> None:
    for letter, number in (("a", "00000"), ("b", "00001")):
        (project / "images" / letter).rename(project / "images" / number)
    _set(project)
    of_fetch, _ = _run(project)
    assert of_fetch.notes == [
        "00000/ to 00001/ are 2 numbered parts, not classes: fetch.classes=folders would take "
        "them for classes."
    ]
    card = read_json(project / "reports" / "prepare" / "card.json")
    assert card["notes"] == of_fetch.notes
    _set(project, classes="folders")
    assert _run(project)[0].notes == [
        "2 classes, by the folders: 00000 and 00001.",
        "Classes of fewer than 10 images: 00000 (6) and 00001 (6).",
    ]


@pytest.mark.parametrize("follow_links", [False, True])
def test_what_is_no_image_is_not_copied(project: Path, follow_links: bool) -> None:
    _set(project, follow_links=follow_links)
    _run(project)
    copied = {path.read_bytes() for path in (project / "data" / "raw" / "files").iterdir()}
    assert copied == {path.read_bytes() for path in (project / "images").rglob("[0-9]*.png")}
    for path in (project / "data").rglob("*"):
        assert path.is_dir() or b"a secret" not in path.read_bytes()


def test_a_full_disk_is_not_the_images_fault(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    _set(project)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        fetch.main(_Told("fetch"))
    assert not (project / "data" / "raw").exists()


def test_a_files_name_is_no_formula(project: Path) -> None:
    (project / "images" / "=cmd|x.png").write_text("no image")
    _set(project)
    _run(project)
    for folder in ("data/prepared", "reports/prepare"):
        lines = (project / folder / "quarantine.csv").read_text().splitlines()
        assert lines[1].startswith("'=cmd|x.png,")
    rows = rows_of(pd.read_csv("reports/prepare/quarantine.csv"))
    assert rows[0]["file"] == "=cmd|x.png"


def test_what_is_nearly_empty_is_mended_or_told(project: Path) -> None:
    for path in (project / "images").rglob("[0-9]*.png"):
        pixels = np.tile(np.linspace(0, 255, 28, dtype=np.uint8), (28, 1))
        Image.fromarray(pixels).save(path)
    ramp = np.tile(np.linspace(0, 4095, 28).astype(np.uint16), (28, 1))
    Image.fromarray(ramp).save(project / "images" / "a" / "twelve_bits.png")
    icon = np.zeros((28, 28, 4), np.uint8)
    icon[5:20, 5:20, 3] = 255
    Image.fromarray(icon).save(project / "images" / "a" / "icon.png")
    _set(project)
    _, of_prepare = _run(project)
    assert [text.split()[0] for text in of_prepare.warnings if "window: auto" in text] == ["1"]
    assert [text.split()[0] for text in of_prepare.warnings if "laid on white" in text] == ["1"]
    card = read_json(project / "reports" / "prepare" / "card.json")
    assert card["num_flat"] == 0
    assert card["values"]["treatment"] == {
        "window": [0, 4095],
        "background": 255,
        "fit": "crop",
        "num_channels": 3,
    }
    document = read_document(project / "params.yaml")
    document["prepare"] |= {"window": "full", "background": 0}
    (project / "params.yaml").write_text(params.dump(document))
    _, of_prepare = _run(project)
    told = [text for text in of_prepare.warnings if "almost of one colour" in text]
    assert [text.split()[0] for text in told] == ["2"]
    assert read_json(project / "reports" / "prepare" / "card.json")["num_flat"] == 2


def test_arrays_go_through_both_stages(project: Path) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (12, 28, 28), dtype=np.uint8)
    np.savez(project / "digits.npz", images=images, labels=np.arange(12) % 3)
    _set(project, root="digits.npz")
    of_fetch, _ = _run(project)
    assert of_fetch.notes[0].startswith("images: 12 images as (n, h, w), uint8")
    card = read_json(project / "reports" / "prepare" / "card.json")
    assert card["origin"] == "digits.npz"
    counts = [card["train"]["class_counts"], card["test"]["class_counts"]]
    assert {name: sum(each[name] for each in counts) for name in "012"} == dict.fromkeys("012", 4)
    _set(project, source="nowhere:Set", arguments={"a": 1})
    with pytest.raises(InputError, match="there is no module 'nowhere'"):
        fetch.main(_Told("fetch"))


def test_what_crosses_the_sources_own_split_is_named(project: Path) -> None:
    draw = np.random.default_rng(0)
    for index in range(12):
        side = "test" if index % 3 == 0 else "train"
        path = project / "parted" / side / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(draw.integers(0, 256, (7, 7, 3), dtype=np.uint8)).resize((56, 56))
        image.save(path)
        if index in (1, 2):
            image.save(project / "parted" / "test" / f"again-{index}.jpg", quality=90)
    _set(project, root="parted")
    _run(project)
    card = read_json(project / "reports" / "prepare" / "card.json")
    assert card["leaks"] == [
        {"held_out": "test/again-1.jpg", "in_training": "train/1.png"},
        {"held_out": "test/again-2.jpg", "in_training": "train/2.png"},
    ]
    assert card["duplicates"]["num_held_out_in_training"] == 2
    assert (card["train"]["num_images"], card["test"]["num_images"]) == (8, 6)
    assert card["notes"][0].startswith("A split, not classes: train/ (8 images) for training")


def test_arrays_of_few_levels_are_said_to_come_out_dark(project: Path) -> None:
    digits = np.random.default_rng(0).integers(0, 17, (12, 28, 28)).astype(np.float64)
    for largest, is_told in ((16, True), (255, False)):
        np.save(project / "digits.npy", digits * (largest / 16))
        _set(project, root="digits.npy")
        _, of_prepare = _run(project)
        told = [text for text in of_prepare.warnings if text.startswith("all images are dark")]
        assert [text.split(" of 255")[0].split()[-1] for text in told] == ["16"] * is_told
