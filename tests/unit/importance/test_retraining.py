"""Retrained GANs are asked about the very feature that was changed, however it is made."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.data.images import to_float
from ganatomy.data.recipe import Recipe, Regions
from ganatomy.data.variants import make_variant
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.sampling import latents
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.measuring import read_out
from ganatomy.importance.members import changed_alike
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
    members = retrain_members(variants, [0], BUDGET, evaluation=evaluation)
    repeats = read_out(members, evaluation, num_members=len(members)).repeats

    # by hand: what a cell or mask is removed by is the mean image, of reals and fakes together
    images = torch.cat([evaluation.reals, evaluation.base_fakes])
    expected = images.clone()
    mean = images.double().mean(0)[..., rows, columns]
    expected[..., rows, columns] = mean.round().to(torch.uint8)
    (member,) = (one for one in members if not one.recipe.is_null)
    assert member.changed is not None
    assert (member.changed.int() - expected.int()).abs().max() <= 1  # the mean of floats is rounded
    outside = torch.ones(28, 28, dtype=torch.bool)
    outside[rows, columns] = False
    assert torch.equal(member.changed[..., outside], images[..., outside])
    assert member.discriminator is not None
    logits = member.discriminator(to_float(member.changed)).detach().double()
    auc = roc_auc_score([1] * 40 + [0] * 40, logits)
    row = repeats[(repeats["variant"] == name) & (repeats["readout"] == "d_without")]
    assert row["value"].item() == pytest.approx(auc)


def test_nulls_and_what_leaves_images_out_are_not_changed(
    digits: Dataset, evaluation: EvaluationSet
) -> None:
    for recipe in recipes(["class_3"], digits, num_nulls=1, seed=0):
        assert changed_alike(evaluation, recipe) is None


def test_what_changes_nothing_here_is_asked_as_it_is(evaluation: EvaluationSet) -> None:
    """Of the training images it changed something."""
    reals, fakes = evaluation.reals.clone(), evaluation.base_fakes.clone()
    reals[..., :7, :7] = fakes[..., :7, :7] = 33
    held_out = replace(evaluation.held_out, images=reals)
    blank = replace(evaluation, held_out=held_out, base_fakes=fakes)
    changed = changed_alike(blank, Recipe("cell_0_0", ("cell_0_0",), "remove", 0, "", "region"))
    assert changed is not None
    assert torch.equal(changed, torch.cat([reals, fakes]))
