"""A data set checks itself, and comes back from disk as it was."""

from pathlib import Path

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.tensors import write_tensors
from tests.unit.conftest import MakeDataset


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (torch.zeros(2, 1, 4, 4), torch.zeros(2)),
        (torch.zeros(2, 4, 4, dtype=torch.uint8), torch.zeros(2)),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(3)),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(2, 1)),
    ],
)
def test_wrong_tensors_are_refused(images: torch.Tensor, labels: torch.Tensor) -> None:
    with pytest.raises(TypeError, match="images"):
        Dataset(images, labels)


def test_take_keeps_images_and_labels_together(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(9)
    by_index = dataset.take(torch.tensor([7, 2]))
    assert torch.equal(by_index.images, dataset.images[[7, 2]])
    assert by_index.labels.tolist() == [1, 2]
    by_mask = dataset.take(dataset.labels == 1)
    assert torch.equal(by_mask.images, dataset.images[[1, 4, 7]])
    assert by_mask.class_names == dataset.class_names
    assert len(by_mask) == 3


@pytest.mark.parametrize("mapped", [False, True])
def test_comes_back_from_disk(mapped: bool, make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset(5, channels=3)
    dataset.save(tmp_path / "d", "train")
    found = Dataset.load(tmp_path / "d", "train", mapped)
    assert torch.equal(found.images, dataset.images)
    assert torch.equal(found.labels, dataset.labels)
    assert found.class_names == dataset.class_names


@pytest.mark.parametrize("ending", ["safetensors", "json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]"])
def test_damage_is_named(
    ending: str, content: bytes | None, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    make_dataset(5).save(tmp_path, "train")
    path = tmp_path / f"train.{ending}"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Dataset.load(tmp_path, "train")
    assert "train." in caught.value.where


def test_other_tensors_are_named(make_dataset: MakeDataset, tmp_path: Path) -> None:
    make_dataset(5).save(tmp_path, "train")
    write_tensors(tmp_path / "train.safetensors", {"weights": torch.zeros(2)})
    with pytest.raises(InputError, match="not a data set"):
        Dataset.load(tmp_path, "train")
