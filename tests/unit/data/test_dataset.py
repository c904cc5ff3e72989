"""A data set checks itself, and comes back from disk as it was."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

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


def _with_attributes(dataset: Dataset) -> Dataset:
    size = torch.arange(len(dataset), dtype=torch.float32) / 2
    wet = (torch.arange(len(dataset)) % 2).to(torch.float32)
    wet[1] = float("nan")
    return replace(dataset, attributes={"size": size, "is wet=yes": wet})


@pytest.mark.parametrize(
    "values", [torch.zeros(4), torch.zeros(5, 1), torch.zeros(5, dtype=torch.float64)]
)
def test_wrong_attributes_are_refused(values: torch.Tensor, make_dataset: MakeDataset) -> None:
    with pytest.raises(TypeError, match="attribute 'size'"):
        replace(make_dataset(5), attributes={"size": values})


def test_take_keeps_attributes_with_their_images(make_dataset: MakeDataset) -> None:
    dataset = _with_attributes(make_dataset(9))
    assert dataset.take(torch.tensor([7, 2])).attributes["size"].tolist() == [3.5, 1]
    masked = dataset.take(dataset.attributes["is wet=yes"] == 1)
    assert masked.attributes["size"].tolist() == [1.5, 2.5, 3.5]
    assert make_dataset(3).take(torch.tensor([0])).attributes == {}


@pytest.mark.parametrize("mapped", [False, True])
def test_attributes_come_back_from_disk(
    mapped: bool, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    dataset = _with_attributes(make_dataset(5))
    dataset.save(tmp_path, "train")
    found = Dataset.load(tmp_path, "train", mapped)
    assert list(found.attributes) == ["is wet=yes", "size"]
    for name, values in dataset.attributes.items():
        torch.testing.assert_close(found.attributes[name], values, rtol=0, atol=0, equal_nan=True)
    assert found.take(torch.tensor([4])).attributes["size"].tolist() == [2]
    stored = load_file(tmp_path / "train.safetensors")
    assert set(stored) == {"images", "labels", "attribute/size", "attribute/is wet=yes"}


def test_without_attributes_the_files_are_those_of_before(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    dataset = make_dataset(5)
    dataset.save(tmp_path, "train")
    two = {"images": dataset.images, "labels": dataset.labels}
    assert (tmp_path / "train.safetensors").read_bytes() == save(two)
    assert (tmp_path / "train.json").read_text() == (
        '{\n  "class_names": [\n    "a",\n    "b",\n    "c"\n  ]\n}\n'
    )
    assert Dataset.load(tmp_path, "train").attributes == {}


@pytest.mark.parametrize("wrong", [torch.zeros(4), torch.zeros(5, dtype=torch.int64)])
def test_stored_attributes_that_do_not_fit_are_named(
    wrong: torch.Tensor, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    dataset = make_dataset(5)
    dataset.save(tmp_path, "train")
    stored = {"images": dataset.images, "labels": dataset.labels, "attribute/size": wrong}
    write_tensors(tmp_path / "train.safetensors", stored)
    with pytest.raises(InputError, match=r"not a data set.*'size'"):
        Dataset.load(tmp_path, "train")


def test_other_tensors_are_named(make_dataset: MakeDataset, tmp_path: Path) -> None:
    make_dataset(5).save(tmp_path, "train")
    write_tensors(tmp_path / "train.safetensors", {"weights": torch.zeros(2)})
    with pytest.raises(InputError, match="not a data set"):
        Dataset.load(tmp_path, "train")
