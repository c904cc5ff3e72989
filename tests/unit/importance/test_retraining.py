"""Retrained GANs are asked about the very feature that was changed, however it is made."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.data.images import to_float
from ganatomy.data.recipe import Regions
from ganatomy.data.variants import make_variant
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.sampling import latents
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.measuring import read_out
from ganatomy.importance.questions import Question
from ganatomy.importance.retraining import Budget, retrain_members
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.metrics.random_features import RandomFeatures
from tests.unit.gan.small import CPU, SMALL, small_settings

BUDGET = Budget(SMALL, small_settings(), 2, Packing("loop", 1), CPU)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def evaluation(digits: Dataset) -> EvaluationSet:
    reals, fakes = digits.take(torch.arange(200, 240)), digits.images[240:280].flip(3)
    z = latents(8, SMALL, 0)
    return EvaluationSet(reals, fakes, z, Evaluator(1, 2, 10).eval(), RandomFeatures(1, 0, 1))


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """A file that marks rows 5 to 14 and columns 8 to 19."""
    marked = Image.new("L", (28, 28))
    marked.paste(255, (8, 5, 20, 15))
    marked.save(tmp_path / "middle.png")
    return tmp_path / "middle.png"


def _places(name: str, mask: Path) -> tuple[Regions, tuple[slice, slice]]:
    """Where a region lies that a grid of 4 by 4 has elsewhere, or not at all."""
    regions = Regions(2, (mask,))
    if name == "mask_middle":
        return regions, (slice(5, 15), slice(8, 20))
    return regions, (slice(14, 28), slice(14, 28))  # of 2 by 2 cells, the last


@pytest.mark.parametrize("name", ["cell_1_1", "mask_middle"])
def test_d_is_asked_without_the_pixels_that_training_lacked(
    name: str, digits: Dataset, evaluation: EvaluationSet, mask: Path
) -> None:
    regions, (rows, columns) = _places(name, mask)
    train = digits.take(torch.arange(200))
    made = recipes([name], train, num_nulls=2, seed=0, regions=regions)
    variants = [(recipe, make_variant(train, recipe)) for recipe in made]
    members = retrain_members(variants, [0], BUDGET)
    repeats = read_out(members, evaluation, num_members=len(members), recipes=made).repeats

    # by hand: what a cell or mask is removed by is the mean image
    images = evaluation.reals
    expected = images.clone()
    mean = images.double().mean(0)[..., rows, columns]
    expected[..., rows, columns] = mean.round().to(torch.uint8)
    question = Question.of(evaluation.held_out, next(one for one in made if not one.is_null))
    assert question is not None
    assert question.changed is not None
    changed = question.changed
    assert (changed.int() - expected.int()).abs().max() <= 1  # the mean of floats is rounded
    outside = torch.ones(28, 28, dtype=torch.bool)
    outside[rows, columns] = False
    assert torch.equal(changed[..., outside], images[..., outside])
    for member in members:
        assert member.discriminator is not None
        with torch.no_grad():
            plain, without = (
                member.discriminator(to_float(some)).double() for some in (images, changed)
            )
        row = repeats[
            (repeats["variant"] == member.recipe.name)
            & (repeats["readout"] == f"d_contrast:{name}")
        ]
        expected_contrast = float((plain.mean() - without.mean()) / plain.std())
        assert row["value"].item() == pytest.approx(expected_contrast, abs=6e-3)
