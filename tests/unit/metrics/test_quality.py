"""One judgement of fakes, on fakes whose quality is known."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.metrics.evaluator import Evaluator, extract, predict
from ganatomy.metrics.fidelity import INCEPTION_NAMES, NAMES
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.kid import kernel_distance
from ganatomy.metrics.memorisation import COPIES, NO_SIGN
from ganatomy.metrics.quality import Quality, Three, judge
from tests.unit.data.repeated import saved_as_jpeg

CLASSES = tuple("0123456789")


@pytest.fixture(scope="module")
def network() -> Evaluator:
    """An evaluator that nobody trained."""
    torch.manual_seed(0)
    return Evaluator(1, 4, 10).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def splits(digits: Dataset) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Real digits: 150 to train on, 75 held out, and 75 that a perfect generator would make."""
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    train, held_out, fakes = digits.images[order].split([150, 75, 75])
    return train, held_out, fakes


def _judge(
    network: Evaluator, images: Three, logits: Three | None = None, **more: object
) -> Quality:
    draw = torch.Generator().manual_seed(1)
    logits = logits or Three(*(torch.randn(len(part), generator=draw) for part in images))
    return judge(
        images,
        logits,
        network,
        class_names=CLASSES,
        seed=0,
        num_replicates=20,
        num_suspects=4,
        **more,
    )  # type: ignore[arg-type]


def test_distances_are_to_held_out_images_and_floors_those_of_training_images(
    network: Evaluator, splits: tuple[torch.Tensor, ...]
) -> None:
    images = Three(*splits)
    found = {each.name: each for each in _judge(network, images).fidelity}
    assert tuple(found) == NAMES
    features = Three(*(extract(network, part)[:75] for part in images))
    for name, distance in (("fcd", frechet_distance), ("kid", kernel_distance)):
        of_fakes = distance(features.fakes, features.held_out)
        assert found[name].value == pytest.approx(of_fakes, rel=1e-6)
        floor = distance(features.train, features.held_out)
        assert found[name].floor == pytest.approx(floor, rel=1e-6)


@pytest.mark.parametrize("counts", [(150, 75, 30), (40, 75, 75), (150, 20, 75)])
def test_distances_compare_equal_counts_and_the_rest_all_images(
    counts: tuple[int, int, int], network: Evaluator, splits: tuple[torch.Tensor, ...]
) -> None:
    images = Three(*(part[:count] for part, count in zip(splits, counts)))
    quality = _judge(network, images)
    assert {each.count for each in quality.fidelity} == {min(counts)}
    for histogram, part in (
        (quality.fake_histogram, images.fakes),
        (quality.real_histogram, images.held_out),
    ):
        answers = predict(network, part).argmax(1).tolist()
        assert histogram.tolist() == [answers.count(k) for k in range(10)]
    assert len(quality.memorisation.spaces["pixels"].copies.nearest) == counts[2]


def test_copies_are_found_in_both_spaces_and_lead_the_suspects(
    network: Evaluator, splits: tuple[torch.Tensor, ...]
) -> None:
    train, held_out, fakes = splits
    honest = _judge(network, Three(*splits))
    assert honest.memorisation.verdict == NO_SIGN
    assert list(honest.memorisation.spaces) == ["features", "pixels"]
    copied = fakes.clone()
    copied[10:40] = train[50:80]
    found = _judge(network, Three(train, held_out, copied))
    assert found.memorisation.verdict == COPIES
    for space, evidence in found.memorisation.spaces.items():
        assert evidence.has_copies
        suspects = found.suspects
        assert (suspects.nearest[space] - suspects.fake == 40).all()
        assert float(suspects.ratio[space].max()) < 1e-3
    assert len(found.suspects.fake) == 4


def test_logits_go_where_they_belong(network: Evaluator, splits: tuple[torch.Tensor, ...]) -> None:
    draw = torch.Generator().manual_seed(0)
    logits = Three(
        *(
            mean + 0.1 * torch.randn(len(part), generator=draw)
            for mean, part in zip((3.0, 1.0, -2.0), splits)
        )
    )
    gap = _judge(network, Three(*splits), logits).generalisation
    means = (gap.train_mean, gap.held_out_mean, gap.fake_mean)
    assert means == pytest.approx((3, 1, -2), abs=0.1)


def test_held_out_images_that_are_in_training_are_left_out_of_every_measure(
    network: Evaluator, splits: tuple[torch.Tensor, ...]
) -> None:
    """As if they had never been held out, but for the classes, which are counted of all."""
    train, held_out, fakes = splits
    spoilt = torch.cat([held_out[:60], saved_as_jpeg(train[20:35], 85)])
    draw = torch.Generator().manual_seed(3)
    logits = [torch.randn(len(part), generator=draw) for part in (train, spoilt, fakes)]
    logits[1][60:] += 5  # D knows them by heart
    found = _judge(network, Three(train, spoilt, fakes), Three(*logits))
    logits[1] = logits[1][:60]
    clean = _judge(network, Three(train, held_out[:60], fakes), Three(*logits))
    assert found.fidelity == clean.fidelity
    assert found.generalisation == clean.generalisation
    assert found.memorisation.spaces.keys() == clean.memorisation.spaces.keys()
    for space, evidence in clean.memorisation.spaces.items():
        assert found.memorisation.spaces[space].copies.threshold == evidence.copies.threshold
        assert found.memorisation.spaces[space].authenticity == evidence.authenticity
    assert found.memorisation.independence.num_in_training == 15
    assert clean.memorisation.independence.num_in_training == 0
    assert found.real_histogram.sum() == 75


def test_data_without_classes_has_none_to_cover(
    network: Evaluator, splits: tuple[torch.Tensor, ...]
) -> None:
    logits = Three(*(torch.arange(len(part)).float() for part in splits))
    found = judge(
        Three(*splits), logits, network, class_names=(), seed=0, num_replicates=20, num_suspects=4
    )
    assert found.coverage is None
    assert found.fake_histogram.tolist() == found.real_histogram.tolist() == []


def test_inception_features_come_after_the_evaluators(
    network: Evaluator, splits: tuple[torch.Tensor, ...]
) -> None:
    draw = torch.Generator().manual_seed(0)
    inception = Three(*(torch.randn(20, 8, generator=draw) + 3 * k for k in range(3)))
    fidelity = _judge(network, Three(*splits), inception=inception).fidelity
    assert [each.name for each in fidelity] == [*NAMES, *INCEPTION_NAMES]
    expected = frechet_distance(inception.fakes, inception.held_out)
    assert fidelity[6].value == pytest.approx(expected, rel=1e-6)
    assert fidelity[6].count == 20


@pytest.mark.parametrize("with_inception", [False, True])
def test_progress_rises_to_its_total(
    with_inception: bool, network: Evaluator, splits: tuple[torch.Tensor, ...]
) -> None:
    said: list[tuple[int, int]] = []
    inception = Three(*(part.flatten(1)[:, 300:310] for part in splits)) if with_inception else None
    _judge(
        network,
        Three(*splits),
        inception=inception,
        progress=lambda done, total: said.append((done, total)),
    )
    done = [each for each, _ in said]
    assert done == sorted(done)
    assert {total for _, total in said} == {done[-1]}
    assert max(after - before for before, after in zip([0, *done], done)) <= 0.2 * done[-1]


def test_threads_are_as_before(network: Evaluator, splits: tuple[torch.Tensor, ...]) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        _judge(network, Three(*(part[:12] for part in splits)))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("which", range(3))
def test_too_few_images(which: int, network: Evaluator, splits: tuple[torch.Tensor, ...]) -> None:
    images = [part[:30] for part in splits]
    images[which] = images[which][:5]
    with pytest.raises(InputError, match="5 images to compare, at least 6"):
        _judge(network, Three(*images))
    images[which] = splits[which][:6]
    assert _judge(network, Three(*images)).fidelity[0].count == 6
