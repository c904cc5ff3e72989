"""Quality beside given images, in random features: what is planted is found."""

import re
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.metrics.evaluator import extract
from ganatomy.metrics.fidelity import RANDOM_NAMES, measure_fidelity
from ganatomy.metrics.given import evaluate_given
from ganatomy.metrics.random_features import RandomFeatures
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import gather
from ganatomy.report.sections.evaluate import SECTION
from ganatomy.rng import generator
from tests.pages import unexplained
from tests.unit.damaged import refuses_damage

REPLICATES = 40


@pytest.fixture(scope="module")
def shuffled(digits: Dataset) -> torch.Tensor:
    return digits.images[torch.randperm(300, generator=torch.Generator().manual_seed(0))]


@pytest.fixture(scope="module")
def reals(shuffled: torch.Tensor) -> torch.Tensor:
    return shuffled[:200]


@pytest.fixture(scope="module")
def others(shuffled: torch.Tensor) -> torch.Tensor:
    return shuffled[200:]


@pytest.fixture(scope="module")
def honest(reals: torch.Tensor, others: torch.Tensor) -> EvaluationStudy:
    return evaluate_given(reals, others, num_replicates=REPLICATES)


def _row(study: EvaluationStudy, name: str) -> dict[str, float]:
    return study.fidelity.set_index("name").loc[name].to_dict()


def test_real_images_in_the_place_of_generated_ones_are_as_good(honest: EvaluationStudy) -> None:
    assert list(honest.fidelity["name"]) == list(RANDOM_NAMES)
    assert honest.num_compared == 100
    frd = _row(honest, "frd")
    assert frd["low"] <= frd["floor_high"]
    assert frd["floor_low"] <= frd["high"]
    assert not honest.memorisation["copies_found"]
    assert honest.of_given_images
    assert honest.is_measured
    assert not [name for name in honest.metrics() if name.startswith("d_")]  # D was not asked


def test_blurred_and_repeated_images_are_worse(reals: torch.Tensor, others: torch.Tensor) -> None:
    blurred = functional.avg_pool2d(others.float(), 5, 1, 2).to(torch.uint8)
    repeated = others[:4].repeat(25, 1, 1, 1)
    for fakes, name in ((blurred, "precision"), (repeated, "coverage")):
        study = evaluate_given(reals, fakes, num_replicates=REPLICATES)
        assert _row(study, "frd")["low"] > _row(study, "frd")["floor_high"]
        assert _row(study, name)["high"] < _row(study, name)["floor_low"]


def test_copies_of_given_images_are_found(shuffled: torch.Tensor) -> None:
    study = evaluate_given(shuffled, shuffled[:150], num_replicates=REPLICATES)
    assert study.memorisation["copies_found"]


def test_figures_are_those_of_random_features_of_the_halves(
    reals: torch.Tensor, others: torch.Tensor, honest: EvaluationStudy
) -> None:
    order = torch.randperm(200, generator=generator(0, "given", "halves"))
    one, other = reals[order[:100]], reals[order[100:]]
    features = [extract(RandomFeatures(1), part) for part in (others, other, one)]
    by_hand = measure_fidelity(*features, seed=0, num_replicates=REPLICATES, names=RANDOM_NAMES)
    for row in by_hand[2:]:
        assert _row(honest, row.name)["value"] == row.value


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 12, 20), (16, 16, 9), (3, 130, 70)])
def test_any_channels_and_sizes_will_do(shape: tuple[int, int, int]) -> None:
    draw = torch.Generator().manual_seed(4)
    images = torch.randint(0, 256, (100, *shape), generator=draw, dtype=torch.uint8)
    study = evaluate_given(images[:60], images[60:], num_replicates=5)
    assert study.num_compared == 30
    assert study.shown.shape[1:] == shape
    assert study.fidelity["value"].notna().all()


def test_too_few_images_or_others_are_refused(reals: torch.Tensor) -> None:
    with pytest.raises(InputError, match="59 images"):
        evaluate_given(reals[:59], reals)
    with pytest.raises(InputError, match="generated of"):
        evaluate_given(reals, reals[..., :20, :20])


def test_saved_and_loaded_it_is_the_same(honest: EvaluationStudy, tmp_path: Path) -> None:
    honest.save(tmp_path)
    again = EvaluationStudy.load(tmp_path)
    assert again.metrics() == honest.metrics()
    assert again.verdict() == honest.verdict()
    assert again.of_given_images


def test_what_is_damaged_is_refused(honest: EvaluationStudy, tmp_path: Path) -> None:
    refused = refuses_damage(honest, EvaluationStudy.load, tmp_path)
    assert "features.json lacks features" in refused


def test_the_section_says_whose_features_and_what_is_not_known(
    honest: EvaluationStudy, tmp_path: Path
) -> None:
    """Alone: no evaluator and no training stand beside it."""
    honest.save(tmp_path / "evaluate")
    parts, _ = gather(tmp_path)
    (part,) = [each for each in parts if each.section is SECTION]
    html = unexplained(render_page(PageFrame("A title"), [part]))
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "a network with random weights" in text
    assert "Which of the images that were given the GAN was trained on is not known" in text
    assert "by heart?" not in text
    assert "moving average" not in text
    assert "an evaluator trained on these data" not in text
    assert "no classes that G could fail to make" not in text
    said = {each.question: each.words for each in part.clauses}
    assert said["works"].startswith("In random features its images have precision ")
    assert "copies of the given images" in said["copies"]
