"""The evaluator learns what it is given, and gives features of any network."""

import numpy as np
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.metrics.evaluator import (
    ROTATIONS,
    Evaluator,
    accuracy,
    extract,
    predict,
    pretext,
    train_evaluator,
)
from ganatomy.metrics.random_features import RandomFeatures
from tests.unit.conftest import MakeDataset

CPU = torch.device("cpu")


def _stripes(count: int, seed: int, names: tuple[str, ...] = ("flat", "steep")) -> Dataset:
    """Noisy stripes, lying or standing: classes of equal brightness."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    wave = (torch.arange(28) // 2 % 2).float() * 120
    phase = torch.randint(0, 4, (count,), generator=draw)
    rows = torch.stack([wave.roll(int(shift)) for shift in phase])
    lying = rows[:, :, None].expand(-1, 28, 28)
    images = torch.where(labels[:, None, None] == 0, lying, lying.transpose(1, 2))
    images = images + 100 * torch.rand(images.shape, generator=draw)
    return Dataset(images[:, None].to(torch.uint8), labels if names else labels - labels - 1, names)


def _gradients(count: int, seed: int) -> Dataset:
    """Bright above, dark below, unlabelled: a rotation shows."""
    draw = torch.Generator().manual_seed(seed)
    ramp = torch.linspace(200, 0, 28)[:, None].expand(28, 28)
    images = ramp + 50 * torch.rand(count, 1, 28, 28, generator=draw)
    return Dataset(images.to(torch.uint8), torch.full((count,), -1))


def _train(dataset: Dataset, epochs: int = 4, seed: int = 0) -> Evaluator:
    return train_evaluator(
        dataset,
        4,
        epochs,
        batch_size=16,
        learning_rate=0.01,
        seed=seed,
        device=CPU,
        progress=lambda done, total: None,
    )


@pytest.fixture(scope="module")
def trained() -> Evaluator:
    """An evaluator of stripes."""
    return _train(_stripes(200, 0))


def test_planted_classes_are_learned(trained: Evaluator) -> None:
    held_out = _stripes(100, 1)
    assert accuracy(trained, held_out) > 0.95
    swapped = Dataset(held_out.images, 1 - held_out.labels, held_out.class_names)
    assert accuracy(trained, swapped) == pytest.approx(1 - accuracy(trained, held_out))


def test_accuracy_is_the_share_of_right_answers(trained: Evaluator) -> None:
    held_out = _stripes(20, 1)
    labels = held_out.labels.clone()
    labels[:5] = 1 - labels[:5]
    right = (predict(trained, held_out.images).argmax(1) == labels).sum()
    assert accuracy(trained, Dataset(held_out.images, labels, ("a", "b"))) == int(right) / 20
    assert int(right) == 15


def test_rotations_are_learned_where_there_are_no_classes() -> None:
    network = _train(_gradients(60, 0))
    assert network.head.out_features == len(ROTATIONS) == 4
    assert accuracy(network, _gradients(30, 1)) > 0.95


def test_pretext_of_unlabelled_data_is_rotation(make_dataset: MakeDataset) -> None:
    images = make_dataset(5, 3).images
    turned, labels, names = pretext(Dataset(images, torch.full((5,), -1)))
    assert names == ROTATIONS
    for image, label, original in zip(turned, labels, images.repeat(4, 1, 1, 1)):
        expected = np.rot90(original.numpy(), int(label), axes=(1, 2))
        np.testing.assert_array_equal(image.numpy(), expected)
    assert torch.bincount(labels).tolist() == [5, 5, 5, 5]


def test_pretext_of_labelled_data_is_its_classes(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    labels = torch.tensor([0, -1, 2, -1, 1, 1])
    images, found, names = pretext(Dataset(dataset.images, labels, dataset.class_names))
    assert torch.equal(images, dataset.images[[0, 2, 4, 5]])
    assert found.tolist() == [0, 2, 1, 1]
    assert names == dataset.class_names


def test_depends_on_the_seed_alone() -> None:
    dataset = _stripes(40, 0)
    torch.manual_seed(1)
    one = _train(dataset, 1)
    torch.manual_seed(2)
    two, other = _train(dataset, 1), _train(dataset, 1, seed=1)
    pairs = list(zip(one.state_dict().values(), two.state_dict().values()))
    assert all(torch.equal(first, second) for first, second in pairs)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_is_given_back_frozen_and_in_eval_mode(trained: Evaluator) -> None:
    assert not any(parameter.requires_grad for parameter in trained.parameters())
    assert not any(module.training for module in trained.modules())


def test_progress_counts_the_steps() -> None:
    steps: list[tuple[int, int]] = []
    train_evaluator(
        _stripes(40, 0),
        4,
        3,
        batch_size=16,
        learning_rate=0.01,
        seed=0,
        device=CPU,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps == [(done, 6) for done in range(1, 7)]


def test_batch_may_be_larger_than_the_data() -> None:
    network = train_evaluator(
        _stripes(6, 0),
        4,
        2,
        batch_size=64,
        learning_rate=0.01,
        seed=0,
        device=CPU,
        progress=lambda done, total: None,
    )
    assert predict(network, _stripes(3, 1).images).shape == (3, 2)


@pytest.mark.parametrize("batch_size", [1, 3, 10, 100])
def test_extract_in_batches(batch_size: int, trained: Evaluator) -> None:
    images = _stripes(10, 1).images
    features = extract(trained, images, batch_size)
    assert features.dtype == torch.float64
    assert features.shape == (10, 16)
    assert not features.requires_grad
    blocks = trained.blocks(images.float() / 127.5 - 1)
    torch.testing.assert_close(features.float(), blocks.flatten(2).mean(2), rtol=0, atol=1e-5)
    assert float(features.std(0).max()) > 0.01


@pytest.mark.parametrize("channels", [1, 3])
def test_extract_takes_random_features_too(channels: int, make_dataset: MakeDataset) -> None:
    features = extract(RandomFeatures(channels), make_dataset(7, channels).images)
    assert features.shape == (7, 128)
    assert features.dtype == torch.float64


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(size: int, channels: int, make_dataset: MakeDataset) -> None:
    network = Evaluator(channels, 4, 7).eval()
    images = make_dataset(2, channels, size).images
    assert predict(network, images).shape == (2, 7)
    assert extract(network, images).shape == (2, 16)
