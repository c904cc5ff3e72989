"""The study of generated images: what is kept of it, and what it says."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.metrics.quality import Three
from ganatomy.metrics.study import EvaluationStudy, evaluate
from tests.unit.damaged import leaves_nothing_behind, refuses_damage

CLASSES = tuple("0123456789")


@pytest.fixture(scope="module")
def study(digits: Dataset) -> EvaluationStudy:
    torch.manual_seed(0)
    images = Three(*digits.images.split([150, 75, 75]))
    logits = Three(*(torch.randn(len(part)) for part in images))
    network = Evaluator(1, 4, 10).eval().requires_grad_(False)
    return evaluate(images, logits, network, class_names=CLASSES, num_replicates=20, num_shown=4)


def test_saved_and_loaded_it_is_the_same(study: EvaluationStudy, tmp_path: Path) -> None:
    study.save(tmp_path)
    again = EvaluationStudy.load(tmp_path)
    assert again.metrics() == study.metrics()
    assert again.verdict() == study.verdict()
    assert again.warnings() == study.warnings()
    assert torch.equal(again.shown, study.shown)
    assert {name: len(part) for name, part in again.suspicious.items()} == {
        name: len(part) for name, part in study.suspicious.items()
    }


def test_what_is_damaged_or_of_another_version_is_refused(
    study: EvaluationStudy, tmp_path: Path
) -> None:
    refused = refuses_damage(study, EvaluationStudy.load, tmp_path)
    assert {"classes.json has nothing", "memorisation.json lacks spaces"} < {*refused}
    assert {"fidelity.csv lacks floor", "pictures.safetensors lacks shown"} < {*refused}


def test_saved_anew_nothing_of_what_was_there_is_left(
    study: EvaluationStudy, tmp_path: Path
) -> None:
    leaves_nothing_behind(replace(study, inception_sha256="c0ffee"), study, tmp_path)
    assert EvaluationStudy.load(tmp_path / "after").inception_sha256 == ""


def test_the_verdict_says_when_what_is_held_out_is_not(
    study: EvaluationStudy, digits: Dataset
) -> None:
    assert "also in training" not in study.verdict()
    train, _, fakes = digits.images.split([150, 75, 75])
    images = Three(train, train[:75], fakes)
    logits = Three(*(torch.linspace(-1, 1, len(part)) for part in images))
    network = Evaluator(1, 4, 10).eval().requires_grad_(False)
    spoilt = evaluate(images, logits, network, num_replicates=20)
    assert spoilt.verdict().endswith("But 75 of 75 held-out images are also in training.")
