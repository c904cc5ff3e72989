"""Does D prefer images with a feature? Against discriminators whose preference is known."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.importance.members import Member
from ganatomy.importance.questions import Question, Questions

CELL = Recipe("cell_0_0", ("cell_0_0",), "remove", 0, "", "region")
LEFT_OUT = Recipe("class_b", ("class_b",), "remove", 0, "", "class")
NULL = Recipe("null_0", (), "null", 0, "", "null")


class _Weighted(nn.Module):
    """A logit that is the weighted mean square of the pixels."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (self.weight * images.square()).mean((1, 2, 3))


def _data(count: int = 40) -> Dataset:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 1, 8, 8), generator=draw).to(torch.uint8)
    return Dataset(images, torch.arange(count) % 2, ("a", "b"))


def _inside() -> torch.Tensor:
    inside = torch.zeros(8, 8)
    inside[:2, :2] = 1
    return inside


def _member(recipe: Recipe, network: nn.Module) -> Member:
    return Member(recipe, 0, 1.0, None, network)


def _ask(recipe: Recipe, network: nn.Module, data: Dataset) -> dict[str, float]:
    with torch.no_grad():
        logits = network(data.images.float() / 127.5 - 1).double()
        return Questions(data, [CELL, LEFT_OUT, NULL]).ask(_member(recipe, network), logits)


def test_contrast_of_a_removed_cell_is_that_of_its_variance() -> None:
    """A mean square loses the variance: E x^2 - (E x)^2, pixel by pixel."""
    data = _data()
    pixels = data.images.double() / 127.5 - 1
    lost = pixels[..., :2, :2].var(0, correction=0).sum() / 64
    logits = (_inside() * pixels.square()).mean((1, 2, 3))
    found = _ask(CELL, _Weighted(_inside()), data)
    assert found.keys() == {"d_contrast:cell_0_0"}
    # the mean image is rounded to levels, and the contrast to a hundredth
    assert found["d_contrast:cell_0_0"] == pytest.approx(float(lost / logits.std()), rel=2e-3)
    assert found["d_contrast:cell_0_0"] > 1


def test_what_lies_elsewhere_has_no_contrast() -> None:
    found = _ask(CELL, _Weighted(1 - _inside()), _data())
    assert found == {"d_contrast:cell_0_0": 0}


def test_contrast_of_a_left_out_class_is_between_images() -> None:
    data = _data()
    network = _Weighted(torch.ones(8, 8))
    logits = (data.images.double() / 127.5 - 1).square().mean((1, 2, 3))
    expected = (logits[1::2].mean() - logits[::2].mean()) / logits.std()
    found = _ask(LEFT_OUT, network, data)
    assert found == {"d_contrast:class_b": pytest.approx(float(expected), abs=6e-3)}


def test_nulls_are_asked_about_every_variant_and_variants_about_their_own() -> None:
    network = _Weighted(torch.ones(8, 8))
    data = _data()
    of_null = _ask(NULL, network, data)
    assert of_null == {**_ask(CELL, network, data), **_ask(LEFT_OUT, network, data)}


@pytest.mark.parametrize(
    "recipe",
    [
        NULL,
        Recipe("subset_0", ("contrast", "blur"), "remove", 0, "", "subset"),
        Recipe("both", ("class_b", "contrast"), "remove", 0, "", "interaction"),
        Recipe("class_balance", ("class_balance",), "remove", 0, "", "balance"),
    ],
)
def test_what_cannot_be_asked_is_left_out(recipe: Recipe) -> None:
    """Balanced classes are left as they are: nothing is left out."""
    assert Question.of(_data(), recipe) is None


def test_what_changes_nothing_here_has_no_contrast() -> None:
    """Of the training images it changed something."""
    data = _data()
    images = data.images.clone()
    images[..., :2, :2] = 33
    assert _ask(CELL, _Weighted(torch.ones(8, 8)), replace(data, images=images)) == {
        "d_contrast:cell_0_0": 0
    }


def test_logits_that_are_not_finite_are_left_out() -> None:
    assert _ask(CELL, _Weighted(torch.full((8, 8), torch.nan)), _data()) == {}


class Bright:
    """A feature of a user's own that leaves the darker half of the images out."""

    modes = ("remove",)

    def measure(self, dataset: Dataset) -> torch.Tensor:
        return dataset.images.double().mean((1, 2, 3))

    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        measured = self.measure(dataset)
        return torch.nonzero(measured >= measured.median()).flatten()


def test_a_selection_of_the_users_own_is_between_images_too() -> None:
    data = _data()
    name = "tests.unit.importance.test_questions:Bright"
    question = Question.of(data, Recipe(name, (name,), "remove", 0, "", "own"))
    assert question is not None
    assert question.changed is None
    assert question.kept is not None
    brightness = data.images.double().mean((1, 2, 3))
    assert question.kept.tolist() == (brightness >= brightness.median()).tolist()
