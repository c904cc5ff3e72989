"""A collapsed, untrained or copying generator never looks better than a good one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.model import build_gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.metrics.evaluator import Evaluator, examine_evaluator, train_evaluator
from ganatomy.metrics.quality import Three
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.metrics.study import evaluate
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.copies import copies
from ganatomy.report.verdict.questions.quality import classes, works
from ganatomy.report.verdict.verdict import Verdict

_COUNT = 400
_GATE = Gate(needed=("works", "classes", "copies"))
_CLASSES = tuple("0123456789")


@dataclass(frozen=True)
class _Digits:
    """Real digits in three parts, the last of which stands for what a perfect generator makes."""

    train: Dataset
    held_out: Dataset
    others: Dataset
    able: Evaluator
    guessing: Evaluator


@pytest.fixture(scope="module")
def digits(mnist_sample: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> _Digits:
    pixels, labels = mnist_sample
    whole = Dataset(
        torch.from_numpy(pixels).reshape(-1, 1, 28, 28),
        torch.from_numpy(labels),
        _CLASSES,
    )
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(0))
    parts = order[:1800].split([1000, _COUNT, _COUNT])
    train, held_out, others = (whole.take(part) for part in parts)
    able = train_evaluator(
        train,
        8,
        4,
        batch_size=32,
        learning_rate=0.01,
        seed=0,
        device=torch.device("cpu"),
        progress=lambda *_: None,
    )
    return _Digits(train, held_out, others, able, Evaluator(1, 4, 10).eval())


def _of_one_class(digits: _Digits) -> torch.Tensor:
    ones = digits.others.images[digits.others.labels == 1]
    return ones.repeat(-(-_COUNT // len(ones)), 1, 1, 1)[:_COUNT]


def _of_an_untrained_generator(digits: _Digits) -> torch.Tensor:
    gan = build_gan(Architecture(28, 1, 8, 4), 0)
    return to_uint8(generate(gan.generator_ema, latents(_COUNT, gan.architecture, 0, "test")))


def _with_some_copies(digits: _Digits) -> torch.Tensor:
    images = digits.others.images.clone()
    images[::8] = digits.train.images[: _COUNT // 8]
    return images


BAD: dict[str, Callable[[_Digits], torch.Tensor]] = {
    "one image": lambda digits: digits.others.images[:1].repeat(_COUNT, 1, 1, 1),
    "one class": _of_one_class,
    "untrained": _of_an_untrained_generator,
    "copies": lambda digits: digits.train.images[:_COUNT],
    "some copies": _with_some_copies,
}


def _judged(
    digits: _Digits, fakes: torch.Tensor, evaluator: Evaluator
) -> tuple[EvaluationStudy, Verdict]:
    images = Three(digits.train.images, digits.held_out.images, fakes)
    study = evaluate(
        images,
        Three(*(torch.linspace(-1, 1, len(part)) for part in images)),
        evaluator,
        class_names=_CLASSES,
        num_replicates=20,
        skill=examine_evaluator(evaluator, digits.held_out),
    )
    answers: list[Clause] = [ask(study, _GATE) for ask in (works, classes, copies)]
    return study, Verdict.of(answers, _GATE)


def test_images_as_real_ones_are_a_yes(digits: _Digits) -> None:
    _, verdict = _judged(digits, digits.others.images, digits.able)
    assert verdict.outcome == "yes", verdict.headline


@pytest.mark.parametrize("name", BAD)
def test_no_bad_generator_is_a_yes(digits: _Digits, name: str) -> None:
    _, verdict = _judged(digits, BAD[name](digits), digits.able)
    assert verdict.outcome == "no", verdict.headline


@pytest.mark.parametrize("name", ["one image", "untrained"])
def test_an_evaluator_that_guesses_gives_no_number_to_look_better_by(
    digits: _Digits, name: str
) -> None:
    """By its features an untrained generator may have a smaller distance than a good one."""
    study, verdict = _judged(digits, BAD[name](digits), digits.guessing)
    assert verdict.outcome != "yes"
    told = {metric.partition("@")[0] for metric in study.metrics()}
    assert not told & {"fcd", "kid", "precision", "recall", "density", "coverage"}
    assert not any(metric.startswith("classes") for metric in told)
