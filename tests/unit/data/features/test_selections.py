"""Features that are changed by choosing images."""

import numpy as np
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Selection, known
from tests.unit.conftest import MakeDataset


def _dataset(labels: list[int], **columns: list[float]) -> Dataset:
    attributes = {name: torch.tensor(values) for name, values in columns.items()}
    images = torch.zeros(len(labels), 1, 8, 8, dtype=torch.uint8)
    return Dataset(images, torch.tensor(labels), ("a", "b", "c"), attributes)


def _select(dataset: Dataset, name: str, mode: str = "remove", seed: int = 0) -> list[int]:
    feature = known(dataset)[name]
    assert isinstance(feature, Selection)
    found: list[int] = feature.select(dataset, mode, seed).tolist()
    return found


def _measure(dataset: Dataset, name: str) -> list[float]:
    feature = known(dataset)[name]
    assert isinstance(feature, Selection)
    found: list[float] = feature.measure(dataset).tolist()
    return found


def test_class_left_out(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(11)
    assert _select(dataset, "class_b") == [k for k in range(11) if k % 3 != 1]
    assert _measure(dataset, "class_b") == [float(k % 3 == 1) for k in range(11)]


def test_equally_frequent_classes() -> None:
    dataset = _dataset([0] * 20 + [1] * 7 + [2] * 3 + [-1] * 2)
    chosen = _select(dataset, "class_balance")
    times = np.bincount(chosen, minlength=32)
    assert chosen == sorted(chosen)
    assert times[:20].sum() == times[20:27].sum() == times[27:30].sum() == 10
    assert times[30:].tolist() == [1, 1]
    assert times[:20].max() == 1
    assert set(times[20:27]) == {1, 2}
    assert set(times[27:30]) == {3, 4}
    assert _select(dataset, "class_balance", seed=1) != chosen
    np.testing.assert_allclose(
        _measure(dataset, "class_balance")[::10], [2 / 3, 2 / 3, 7 / 30, np.nan]
    )


@pytest.mark.parametrize("counts", [(5, 5, 5), (5, 6, 5), (6, 5, 6), (5, 5, 0)])
def test_balanced_classes_stay_as_they_are(counts: tuple[int, int, int]) -> None:
    labels = torch.arange(3).repeat_interleave(torch.tensor(counts)).tolist()
    assert _select(_dataset(labels), "class_balance") == list(range(sum(counts)))


def test_random_frequencies_are_uniform_divisions() -> None:
    """Shares of three classes, uniform on the simplex: mean 1/3, deviation 1/sqrt(18)."""
    dataset = _dataset([0, 1, 2] * 100)
    draws = [_select(dataset, "class_balance", "noise", seed) for seed in range(200)]
    shares = np.array([np.bincount(np.array(draw) % 3, minlength=3) / 300 for draw in draws])
    assert all(len(draw) == 300 for draw in draws)
    assert shares.min() > 0
    np.testing.assert_allclose(shares.mean(0), 1 / 3, atol=4 / np.sqrt(18 * 200))
    np.testing.assert_allclose(shares.std(0), 1 / np.sqrt(18), rtol=0.2)


@pytest.mark.parametrize(("no", "yes"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 7.0)])
def test_attribute_with_two_values(no: float, yes: float) -> None:
    dataset = _dataset([0] * 5, hat=[no, yes, float("nan"), yes, no])
    assert _select(dataset, "attribute_hat") == [0, 2, 4]
    np.testing.assert_array_equal(_measure(dataset, "attribute_hat"), dataset.attributes["hat"])


def test_attribute_with_more_values() -> None:
    values = [float(k) for k in np.random.default_rng(0).permutation(101)] + [float("nan")]
    dataset = _dataset([0] * 102, age=values)
    kept = _select(dataset, "attribute_age")
    assert sorted(values[k] for k in kept) == [float(k) for k in range(25, 76)]
    assert kept == sorted(kept)
    assert "middle half" in known(dataset)["attribute_age"].meaning("remove")


@pytest.mark.parametrize("value", [1.0, float("nan")])
def test_attribute_without_variation(value: float) -> None:
    dataset = _dataset([0] * 4, hat=[value] * 4)
    assert _select(dataset, "attribute_hat") == [0, 1, 2, 3]
