"""Variants differ in one feature, nulls in nothing but their order."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.variants import Recipe, before_and_after, make_variant, recipes
from ganatomy.errors import InputError
from tests.unit.conftest import MakeDataset


def _content(dataset: Dataset) -> list[tuple[bytes, int]]:
    return [
        (image.numpy().tobytes(), int(label))
        for image, label in zip(dataset.images, dataset.labels)
    ]


def _recipe(name: str, classes: tuple[str, ...] = ("a", "b", "c")) -> Recipe:
    return recipes([name], 0, classes, 0)[0]


def test_features_come_first_and_nulls_last() -> None:
    made = recipes(["blur", "class_b"], 3, ("a", "b"), seed=7)
    assert [recipe.name for recipe in made] == ["blur", "class_b", "null_0", "null_1", "null_2"]
    assert [recipe.is_null for recipe in made] == [False, False, True, True, True]
    assert [recipe.mode for recipe in made] == ["remove"] * 2 + ["null"] * 3
    assert len({recipe.seed for recipe in made[2:]}) == 3
    assert all(recipe.meaning for recipe in made)
    assert Recipe(**made[0].to_json()) == made[0]  # type: ignore[arg-type]


def test_unknown_feature_lists_the_known() -> None:
    with pytest.raises(InputError, match=r"unknown feature 'class_z'.*blur.*class_b"):
        recipes(["blur", "class_z"], 2, ("a", "b"), 0)


def test_feature_named_twice() -> None:
    with pytest.raises(InputError, match="named twice"):
        recipes(["blur", "contrast", "blur"], 2, (), 0)


def test_null_is_a_permutation(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(40)
    nulls = [make_variant(dataset, recipe) for recipe in recipes(["blur"], 3, (), 0)[1:]]
    orders = [_content(null) for null in nulls]
    assert all(sorted(order) == sorted(_content(dataset)) for order in orders)
    assert len({tuple(order) for order in [*orders, _content(dataset)]}) == 4


def test_null_depends_on_its_recipe_alone(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(40)
    recipe = recipes([], 1, (), 5)[0]
    first = make_variant(dataset, recipe)
    torch.manual_seed(8)
    assert torch.equal(make_variant(dataset, recipe).images, first.images)
    other = recipes([], 1, (), 6)[0]
    assert not torch.equal(make_variant(dataset, other).images, first.images)


def test_feature_is_removed(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    changed = make_variant(dataset, _recipe("cell_1_1"))
    assert torch.equal(changed.images[..., :7, :], dataset.images[..., :7, :])
    assert (changed.images[..., 7:14, 7:14] == changed.images[:1, :, 7:14, 7:14]).all()
    left = make_variant(dataset, _recipe("class_a"))
    assert left.labels.tolist() == [1, 2, 1, 2]


def test_constant_feature_is_refused(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    dataset.images[..., :7, :7] = 33
    with pytest.raises(InputError, match="cell_0_0 changes nothing"):
        make_variant(dataset, _recipe("cell_0_0"))
    dataset.images[2, 0, 0, 0] = 99
    assert not torch.equal(make_variant(dataset, _recipe("cell_0_0")).images, dataset.images)


def test_grey_pixels_in_three_channels_have_no_colour_to_remove(make_dataset: MakeDataset) -> None:
    grey = make_dataset(256, 1, 4)
    dataset = Dataset(grey.images.repeat(1, 3, 1, 1), grey.labels, grey.class_names)
    with pytest.raises(InputError, match="colour changes nothing"):
        make_variant(dataset, _recipe("colour"))


def test_class_without_images_is_refused(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    absent = dataset.take(dataset.labels != 2)
    with pytest.raises(InputError, match="class_c changes nothing"):
        make_variant(absent, _recipe("class_c"))


def test_the_only_class_cannot_be_left_out(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    only = dataset.take(dataset.labels == 2)
    with pytest.raises(InputError, match="class_c leaves no image"):
        make_variant(only, _recipe("class_c"))


def test_before_and_after_are_two_rows(make_dataset: MakeDataset) -> None:
    one, two = make_dataset(6, seed=1), make_dataset(6, seed=2)
    rows = before_and_after(one, two, count=4)
    assert torch.equal(rows, torch.cat([one.images[:4], two.images[:4]]))
