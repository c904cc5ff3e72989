"""One judgement of fakes, on fakes whose quality is known."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.metrics.evaluator import Evaluator, extract, predict
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.quality import judge


@pytest.fixture(scope="module")
def network() -> Evaluator:
    """An evaluator that nobody trained."""
    torch.manual_seed(0)
    return Evaluator(1, 4, 10).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def splits(digits: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Real digits, 200 to train on and 100 held out."""
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    return digits.images[order[:200]], digits.images[order[200:]]


def test_copies_of_the_training_images_are_seen(
    network: Evaluator, splits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    train, test = splits
    quality = judge(train[50:150], train, test, network)
    assert quality.neighbour_index.tolist() == list(range(50, 150))
    assert float(quality.neighbour_distance.max()) < 1e-5
    honest = judge(test, train, test, network)
    assert float(honest.neighbour_distance.min()) > 1e-3


def test_held_out_reals_are_perfect_and_noise_is_far(
    network: Evaluator, splits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    train, test = splits
    noise = torch.randint(0, 256, test.shape, dtype=torch.uint8)
    perfect, poor = judge(test, train, test, network), judge(noise, train, test, network)
    assert perfect.fcd < 1e-9
    assert poor.fcd > 10 * poor.fcd_floor > 0
    assert perfect.fcd_floor == poor.fcd_floor


@pytest.mark.parametrize(
    ("fakes", "trained", "held_out"), [(30, 200, 100), (200, 50, 100), (90, 90, 20)]
)
def test_distances_compare_equal_counts(
    fakes: int,
    trained: int,
    held_out: int,
    network: Evaluator,
    splits: tuple[torch.Tensor, torch.Tensor],
) -> None:
    train, test = splits[0][:trained], splits[1][:held_out]
    made = splits[0].flip(0).flip(3)[:fakes]
    quality = judge(made, train, test, network)
    count = min(fakes, trained, held_out)
    assert quality.num_compared == count
    of_test = extract(network, test[:count])
    assert quality.fcd == pytest.approx(
        frechet_distance(extract(network, made[:count]), of_test), rel=1e-6
    )
    assert quality.fcd_floor == pytest.approx(
        frechet_distance(extract(network, train[:count]), of_test), rel=1e-6
    )
    assert len(quality.neighbour_index) == len(quality.neighbour_distance) == fakes


def test_histograms_count_every_class(
    network: Evaluator, splits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    train, test = splits
    quality = judge(train[:40], train, test, network)
    answers = predict(network, train[:40]).argmax(1).tolist()
    assert quality.class_histogram.tolist() == [answers.count(k) for k in range(10)]
    assert len(quality.real_histogram) == 10
    assert int(quality.real_histogram.sum()) == 40
