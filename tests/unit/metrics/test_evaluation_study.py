"""The study of generated images: what is kept of it, and what it says."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scipy.stats import binomtest

from ganatomy.data.dataset import Dataset
from ganatomy.metrics.evaluator import Evaluator, accuracy, digest_of, examine_evaluator
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
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
    assert spoilt.verdict().endswith("But all 75 held-out images are also in training.")


def _skill(network: Evaluator, num_right: int) -> EvaluatorSkill:
    return EvaluatorSkill(digest_of(network), num_right, 75, 0.12)


def test_an_evaluator_that_guesses_measures_nothing_in_its_features(
    digits: Dataset, tmp_path: Path
) -> None:
    images = Three(*digits.images.split([150, 75, 75]))
    logits = Three(*(torch.linspace(-1, 1, len(part)) for part in images))
    network = Evaluator(1, 4, 10).eval().requires_grad_(False)
    guessing, able = (
        evaluate(
            images,
            logits,
            network,
            class_names=CLASSES,
            num_replicates=20,
            skill=_skill(network, num_right),
        )
        for num_right in (9, 60)
    )
    told, others = guessing.metrics(), able.metrics()
    of_features = {"fcd", "kid", "precision", "recall", "density", "coverage", "classes", "js"}
    starts = {name.partition("@")[0].partition("_")[0] for name in told}
    assert of_features <= {name.partition("@")[0].partition("_")[0] for name in others}
    assert not starts & of_features
    assert not any("features" in name for name in told)
    assert told["copies_share_pixels"] == others["copies_share_pixels"]
    assert told["d_gap_auc"] == others["d_gap_auc"]
    guessing.save(tmp_path)
    again = EvaluationStudy.load(tmp_path)
    assert again.metrics() == told
    assert again.skill == guessing.skill
    assert not again.is_measured
    words = (
        "the evaluator is right about 12 % of 75 held-out images (6 % to 22 %), a guess about 12 %"
    )
    assert f"How good the images are is not measured: {words}." in again.verdict()
    assert f"{words}: nothing is measured in its features" in again.warnings()
    assert "fcd" not in again.verdict()


@pytest.mark.parametrize(
    ("num_right", "num_images", "chance", "is_enough"),
    [
        (100, 1000, 0.1, False),  # a guess
        (310, 1000, 0.1, True),  # (0.281 - 0.1) / 0.9 = 0.202 by R: binom.test(310, 1000)
        (308, 1000, 0.1, False),  # (0.2795 - 0.1) / 0.9 = 0.199
        (31, 100, 0.1, False),  # the same share, of fewer images
        (95, 100, 0.95, False),  # says the largest class, always
        (100, 100, 1.0, False),  # one class is no task
    ],
)
def test_who_is_clearly_better_than_a_guess(
    num_right: int, num_images: int, chance: float, is_enough: bool
) -> None:
    skill = EvaluatorSkill("", num_right, num_images, chance)
    expected = binomtest(num_right, num_images).proportion_ci(method="exact")
    assert skill.interval == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert skill.is_enough == is_enough


def test_an_evaluator_is_examined_on_what_it_was_trained_for(digits: Dataset) -> None:
    network = Evaluator(1, 4, 10).eval().requires_grad_(False)
    skill = examine_evaluator(network, digits)
    assert skill is not None
    assert skill.accuracy == pytest.approx(accuracy(network, digits))
    assert skill.num_images == len(digits)
    assert skill.chance == int(digits.labels.bincount().max()) / len(digits)
    unknown = replace(digits, labels=torch.full_like(digits.labels, -1))
    assert examine_evaluator(network, unknown) is None
    turned = examine_evaluator(Evaluator(1, 4, 4), replace(unknown, class_names=()))
    assert turned is not None
    assert (turned.num_images, turned.chance) == (4 * len(digits), 0.25)
