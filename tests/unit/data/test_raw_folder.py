"""What was fetched is read back as it was, arrays and files alike."""

from pathlib import Path

import pytest
import torch

from ganatomy.data.preparation import metrics
from ganatomy.data.prepare import prepare
from ganatomy.data.raw_folder import FILES, load_raw, save_raw
from ganatomy.data.reading import DEFAULT_LIMITS
from ganatomy.data.sources import UNSPLIT, Raw
from ganatomy.errors import InputError

LABELS = torch.tensor([0, 1, -1])


def _same(one: Raw, other: Raw) -> None:
    for name, value in vars(one).items():
        found = getattr(other, name)
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, found)
        elif name != "attributes":
            assert found == value, name
    assert one.attributes.keys() == other.attributes.keys()
    for name, values in one.attributes.items():
        assert torch.equal(values.nan_to_num(-9), other.attributes[name].nan_to_num(-9))


def test_arrays_are_read_back(tmp_path: Path) -> None:
    images = torch.arange(3 * 4 * 4, dtype=torch.uint8).reshape(3, 1, 4, 4)
    raw = Raw(images, LABELS, torch.tensor([0, 1, -1]), ("zero", "one"), (), "somewhere")
    save_raw(raw, tmp_path)
    _same(raw, load_raw(tmp_path))


def test_files_are_read_back_from_where_they_lie(tmp_path: Path) -> None:
    raw = Raw(
        None,
        LABELS,
        torch.full((3,), UNSPLIT),
        ("a", "\u05d1"),
        tuple(tmp_path / FILES / f"{k}.png" for k in range(3)),
        "a folder",
        ("x/0.png", "x/1.png", "\u05d1/2.png"),
        {"age": torch.tensor([1.5, float("nan"), 3.0])},
        [{"file": "bad.png", "reason": "empty file"}],
        {"csv": 2},
    )
    save_raw(raw, tmp_path)
    _same(raw, load_raw(tmp_path))
    (tmp_path / "raw.json").unlink()
    with pytest.raises(InputError, match="file not found"):
        load_raw(tmp_path)


def test_what_is_there_twice_is_counted() -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(256, (24, 1, 28, 28), generator=draw, dtype=torch.uint8)
    images[5] = images[4]
    raw = Raw(images, torch.zeros(24, dtype=torch.int64), torch.full((24,), -1), ("one",), (), "x")
    found = prepare(
        raw,
        28,
        1,
        test_fraction=0.25,
        min_images=4,
        limits=DEFAULT_LIMITS,
        seed=0,
        progress=lambda done, total: None,
        duplicates="keep",
    )
    counts = metrics(found)
    assert counts["num_train"] + counts["num_test"] == 24
    assert (counts["num_duplicates"], counts["num_quarantined"]) == (1, 0)
