"""The card's figures, and the hash that tells any two data sets apart."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.data.card import content_hash, describe
from ganatomy.data.dataset import Dataset
from ganatomy.files import write_json
from tests.unit.conftest import MakeDataset


def test_equal_data_has_an_equal_hash(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6, 3)
    strided = dataset.images.to(memory_format=torch.channels_last)
    assert content_hash(Dataset(strided, dataset.labels.clone())) == content_hash(dataset)


def test_one_pixel_changes_the_hash(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    images = dataset.images.clone()
    images[3, 0, 10, 20] ^= 1
    assert content_hash(Dataset(images, dataset.labels)) != content_hash(dataset)


def test_one_label_order_and_shape_change_the_hash(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    labels = dataset.labels.clone()
    labels[2] += 1
    reordered = dataset.take(torch.tensor([1, 0, 2, 3, 4, 5]))
    reshaped = Dataset(dataset.images.reshape(6, 1, 14, 56), dataset.labels)
    others = [Dataset(dataset.images, labels), reordered, reshaped]
    assert len({content_hash(part) for part in [dataset, *others]}) == 4


def test_statistics_are_those_of_the_pixels(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(7, 3, 32)
    card = describe(dataset)
    pixels = dataset.images.numpy().astype(float).transpose(1, 0, 2, 3).reshape(3, -1)
    np.testing.assert_allclose(card["channel_mean"], pixels.mean(1), atol=1e-4)
    np.testing.assert_allclose(card["channel_std"], pixels.std(1, ddof=1), atol=1e-4)
    assert (card["num_images"], card["channels"], card["image_size"]) == (7, 3, 32)
    assert card["class_counts"] == {"a": 3, "b": 2, "c": 2}
    assert card["unlabelled"] == 0
    assert card["sha256"] == content_hash(dataset)


@pytest.mark.parametrize(("names", "unlabelled"), [(("a", "b"), 2), ((), 5)])
def test_unlabelled_images_are_counted(names: tuple[str, ...], unlabelled: int) -> None:
    labels = torch.tensor([0, -1, 1, -1, 0]) if names else torch.full((5,), -1)
    card = describe(Dataset(torch.zeros(5, 1, 4, 4, dtype=torch.uint8), labels, names))
    assert card["unlabelled"] == unlabelled
    assert card["class_counts"] == ({"a": 2, "b": 1} if names else {})


def test_hash_of_a_data_set_without_attributes_is_that_of_shape_pixels_and_labels(
    make_dataset: MakeDataset,
) -> None:
    dataset = make_dataset(6)
    expected = hashlib.sha256(b"(6, 1, 28, 28)")
    expected.update(dataset.images.numpy().tobytes() + dataset.labels.numpy().tobytes())
    assert content_hash(dataset) == expected.hexdigest()


def test_attributes_change_the_hash_by_name_and_value_and_not_by_order(
    make_dataset: MakeDataset,
) -> None:
    dataset, values = make_dataset(6), torch.arange(6.0)
    tables = [{}, {"a": values}, {"b": values}, {"a": values + 1}, {"a": values, "b": values}]
    hashes = [content_hash(replace(dataset, attributes=table)) for table in tables]
    assert len(set(hashes)) == 5
    swapped = replace(dataset, attributes={"b": values, "a": values})
    assert content_hash(swapped) == hashes[-1]


def test_attributes_are_described_where_they_are_known(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    draw = np.random.default_rng(0)
    length = draw.normal(50, 10, 40).astype(np.float32)
    length[::3] = np.nan
    table = {
        "length": torch.from_numpy(length),
        "one": torch.tensor([7.0] + [float("nan")] * 39),
        "none": torch.full((40,), float("nan")),
    }
    card = describe(replace(make_dataset(40), attributes=table))
    about, known = card["attributes"]["length"], length[~np.isnan(length)].astype(float)
    assert about["known"] == len(known)
    found = [about["mean"], about["min"], about["max"]]
    np.testing.assert_allclose(found, [known.mean(), known.min(), known.max()], rtol=1e-6)
    assert card["attributes"]["one"] == {"known": 1, "mean": 7, "min": 7, "max": 7}
    assert card["attributes"]["none"] == {"known": 0, "mean": None, "min": None, "max": None}
    write_json(tmp_path / "card.json", card)  # which refuses NaN
    assert describe(make_dataset(6))["attributes"] == {}
