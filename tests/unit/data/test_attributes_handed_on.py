"""Attributes stay with their images through quarantine and split, and from stage to stage."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flows import params
from ganatomy.data.dataset import Dataset
from ganatomy.data.sources import fetch
from ganatomy.files import read_json
from tasks.fetch import __main__ as fetch_stage
from tasks.prepare import __main__ as prepare_stage
from tasks.shared.events import Events
from tests.unit.data.raws import numbers, run_prepare

NAN = float("nan")


@pytest.fixture
def numbered_folder(tmp_path: Path) -> Path:
    """Thirty images whose pixel (0, 1) is their number, some of them damaged, and a table of it."""
    rows = ["half,file,kind"]
    for k in range(30):
        path = tmp_path / "images" / "ab"[k % 2] / f"{k:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.zeros((28, 28), dtype=np.uint8)
        pixels[0, 1] = k
        Image.fromarray(pixels).save(path)
        if k in (3, 4, 17):
            path.write_text("no image")
        if k != 11:
            rows.append(f"{k / 2},{'ab'[k % 2]}/{k:02}.png,{'high' if k > 14 else 'low'}")
    (tmp_path / "table.csv").write_text("\n".join([rows[0], *reversed(rows[1:])]))
    return tmp_path


def _check_numbered(parts: list[Dataset]) -> None:
    found = []
    for part in parts:
        marks = numbers(part.images)
        expected = torch.tensor([NAN if k == 11 else k / 2 for k in marks])
        torch.testing.assert_close(
            part.attributes["half"], expected, rtol=0, atol=0, equal_nan=True
        )
        low = torch.tensor([NAN if k == 11 else float(k < 15) for k in marks])
        torch.testing.assert_close(part.attributes["kind=low"], low, rtol=0, atol=0, equal_nan=True)
        assert list(part.attributes) == ["half", "kind=low"]
        found += marks
    assert sorted(found) == [k for k in range(30) if k not in (3, 4, 17)]


def test_attributes_stay_with_their_images_through_quarantine_and_split(
    numbered_folder: Path,
) -> None:
    raw = fetch(
        "image-folder",
        numbered_folder / "images",
        0,
        retries=0,
        warn=lambda text: None,
        attributes=numbered_folder / "table.csv",
    )
    prepared = run_prepare(raw, test_fraction=0.3)
    assert len(prepared.quarantine) == 3
    _check_numbered([prepared.train, prepared.test])


def _run_stages(project: Path, **values: object) -> None:
    document = params.defaults()
    document["fetch"] |= {"source": "image-folder", "root": "images", **values}
    # a picture that is black but for one pixel is much like another one
    document["prepare"] |= {"min_images": 10, "duplicates": "keep"}
    (project / "params.yaml").write_text(params.dump(document))
    fetch_stage.main(Events("fetch", None))
    prepare_stage.main(Events("prepare", None))


@pytest.mark.parametrize("absolute", [False, True])
def test_the_stages_hand_attributes_on(
    absolute: bool, numbered_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(numbered_folder)
    table = str(numbered_folder / "table.csv") if absolute else "table.csv"
    _run_stages(numbered_folder, attributes=table)
    folder = numbered_folder / "data" / "prepared"
    parts = [Dataset.load(folder, name, mapped=True) for name in ("train", "test")]
    _check_numbered(parts)
    card = read_json(numbered_folder / "reports" / "prepare" / "card.json")
    for name, part in zip(("train", "test"), parts):
        halves = part.attributes["half"].numpy().astype(float)
        about = card[name]["attributes"]["half"]
        assert about["known"] == np.count_nonzero(~np.isnan(halves))
        assert about["mean"] == pytest.approx(np.nanmean(halves), rel=1e-6)
        assert (about["min"], about["max"]) == (np.nanmin(halves), np.nanmax(halves))


def test_without_a_table_the_stages_write_no_attributes(
    numbered_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(numbered_folder)
    _run_stages(numbered_folder)
    for name in ("raw/raw", "prepared/train", "prepared/test"):
        content = (numbered_folder / "data" / f"{name}.safetensors").read_bytes()
        assert b"labels" in content
        assert b"attribute" not in content
