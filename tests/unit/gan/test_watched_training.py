"""A training that is watched: what it leaves, and that broken off it goes on to the same."""

from pathlib import Path

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.files import sha256_of
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.session import Interrupted, Monitoring
from ganatomy.gan.study import Course, TrainedGan, train_watched
from ganatomy.metrics.evaluator import Evaluator
from tests.marks import mark_in
from tests.unit.gan.small import CPU, same, small_settings

COURSE = Course(small_settings(epochs=3), Monitoring(5, 0.02), 3, CPU)  # 30 steps, a probe every 5


def _train(digits: Dataset, kept: Path, stop_at: int = 1000) -> TrainedGan:
    torch.manual_seed(0)
    told: list[int] = []
    return train_watched(
        digits.take(torch.arange(0, 280, 7)),
        digits.take(torch.arange(1, 280, 7)),
        Evaluator(1, 2, 10).eval(),
        COURSE,
        kept=kept,
        num_fakes=8,
        num_remembered=3,
        on_step=lambda done, total: told.append(done),
        should_stop=lambda: len(told) >= stop_at,
    )


@pytest.fixture(scope="module")
def found(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> TrainedGan:
    return _train(digits, tmp_path_factory.mktemp("whole"))


def test_there_is_a_picture_of_each_probe_and_some_gans_are_remembered(found: TrainedGan) -> None:
    assert [path.name for path in found.frames] == [f"{step:09d}.png" for step in range(0, 31, 5)]
    assert [path.name for path in found.remembered] == ["000000000", "000000015", "000000030"]
    first, last = (load_gan(path, CPU) for path in (found.remembered[0], found.remembered[-1]))
    assert not same(first.generator, last.generator)


def test_a_picture_names_the_weights_that_it_was_made_with(found: TrainedGan) -> None:
    frames = {path.stem: mark_in(path.read_bytes()) for path in found.frames}
    for folder in found.remembered:
        said = frames[folder.name]
        assert said["DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
        digest = sha256_of(folder / "generator_ema.safetensors")
        assert said["AISystemVersionUsed"] == f"sha256:{digest}"
    assert len({said["AISystemVersionUsed"] for said in frames.values()}) == len(frames)


def test_figures_are_of_what_was_published_and_no_end_of_a_curve(found: TrainedGan) -> None:
    metrics = found.metrics()
    scores = {step: value for step, name, value in found.points if name == "fcd@40"}
    assert found.score == "fcd@40"  # as many as there are training images
    later = {step: score for step, score in scores.items() if step}
    assert metrics["published_step"] == found.step == min(later, key=later.__getitem__)
    assert metrics["published_fcd@40"] == min(later.values())
    assert not {name for _, name, _ in found.points}.intersection(metrics)
    assert (metrics["num_steps"], metrics["num_images"]) == (30, 40)
    sizes = [p.numel() for p in found.gan.generator.parameters()]
    assert metrics["num_parameters_generator"] == sum(sizes)


@pytest.mark.parametrize("stop_at", [1, 13, 28])
def test_broken_off_it_goes_on_to_the_same(
    stop_at: int, found: TrainedGan, digits: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        _train(digits, tmp_path, stop_at)
    again = _train(digits, tmp_path)
    assert same(again.gan.generator, found.gan.generator)
    assert same(again.gan.discriminator, found.gan.discriminator)
    assert (again.points, again.findings, again.step) == (found.points, found.findings, found.step)
    for mine, other in zip(again.frames, found.frames, strict=True):
        assert sha256_of(mine) == sha256_of(other)
    for mine, other in zip(again.remembered, found.remembered, strict=True):
        assert {path.name: sha256_of(path) for path in mine.iterdir()} == {
            path.name: sha256_of(path) for path in other.iterdir()
        }
