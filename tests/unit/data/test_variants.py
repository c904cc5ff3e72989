"""Variants differ in what their recipe names, nulls in nothing but their order."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import MODES
from ganatomy.data.variants import (
    ChangesNothing,
    Recipe,
    apply,
    before_and_after,
    make_variant,
    recipes,
)
from ganatomy.errors import InputError
from tests.unit.conftest import MakeDataset


def _content(dataset: Dataset) -> list[tuple[bytes, int]]:
    return [
        (image.numpy().tobytes(), int(label))
        for image, label in zip(dataset.images, dataset.labels)
    ]


def _recipe(*features: str, mode: str = "remove", seed: int = 0) -> Recipe:
    return Recipe("+".join(features), features, mode, seed, "", "")


def _nulls(dataset: Dataset, count: int, seed: int) -> list[Recipe]:
    return recipes(["blur"], dataset, num_nulls=count, seed=seed)[1:]


def test_null_is_a_permutation(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(40)
    nulls = [make_variant(dataset, recipe) for recipe in _nulls(dataset, 3, 0)]
    orders = [_content(null) for null in nulls]
    assert all(sorted(order) == sorted(_content(dataset)) for order in orders)
    assert len({tuple(order) for order in [*orders, _content(dataset)]}) == 4


def test_null_depends_on_its_recipe_alone(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(40)
    first = make_variant(dataset, _nulls(dataset, 1, 5)[0])
    torch.manual_seed(8)
    assert torch.equal(make_variant(dataset, _nulls(dataset, 1, 5)[0]).images, first.images)
    other = make_variant(dataset, _nulls(dataset, 1, 6)[0])
    assert not torch.equal(other.images, first.images)


def test_feature_is_removed(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(24)
    variant = apply(dataset, _recipe("cell_1_1"))
    changed = variant.dataset
    assert torch.equal(changed.images[..., :7, :], dataset.images[..., :7, :])
    assert (changed.images[..., 7:14, 7:14] == changed.images[:1, :, 7:14, 7:14]).all()
    difference = (changed.images.int() - dataset.images.int()).abs().double().mean()
    assert variant.change == pytest.approx(float(difference), rel=1e-9)
    left = apply(dataset, _recipe("class_a"))
    assert left.dataset.labels.tolist() == [1, 2] * 8
    assert left.change == 0


def test_attributes_and_labels_go_along(make_dataset: MakeDataset) -> None:
    plain = make_dataset(24)
    dataset = Dataset(plain.images, plain.labels, plain.class_names, {"k": torch.arange(24.0)})
    changed = make_variant(dataset, _recipe("class_b", "contrast"))
    kept = [k for k in range(24) if k % 3 != 1]
    assert changed.attributes["k"].tolist() == kept
    assert changed.labels.tolist() == [k % 3 for k in kept]
    assert changed.class_names == dataset.class_names


@pytest.mark.parametrize(
    ("names", "mode"),
    [
        *((("position",), mode) for mode in MODES),
        *((("cell_2_2",), mode) for mode in MODES),
        (("class_0", "low_frequencies", "cell_1_1"), "remove"),
    ],
)
def test_applied_in_chunks_of_any_size(names: tuple[str, ...], mode: str, digits: Dataset) -> None:
    recipe = _recipe(*names, mode=mode, seed=3)
    made = make_variant(digits, recipe)
    for chunk in (1, 77):
        found = apply(digits, recipe, torch.device("cpu"), chunk=chunk)
        assert torch.equal(found.dataset.images, made.images)
        assert found.change == apply(digits, recipe).change > 0
    assert not torch.equal(made.images[:200], digits.images[:200])


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["cell_1_1", "brightness", "low_frequencies", "position", "scale"])
@pytest.mark.parametrize("mode", MODES)
def test_a_gpu_gives_the_same_up_to_rounding(name: str, mode: str, digits: Dataset) -> None:
    recipe = _recipe(name, mode=mode)
    found = apply(digits, recipe, "cuda").dataset.images
    assert found.is_cuda
    difference = (found.cpu().int() - make_variant(digits, recipe).images.int()).abs()
    assert difference.max() <= 1
    assert difference.double().mean() < 1e-3


def test_features_are_changed_one_after_the_other(digits: Dataset) -> None:
    one_by_one = make_variant(make_variant(digits, _recipe("contrast")), _recipe("blur"))
    assert torch.equal(make_variant(digits, _recipe("contrast", "blur")).images, one_by_one.images)
    other = make_variant(digits, _recipe("blur", "contrast"))
    assert not torch.equal(other.images, one_by_one.images)


def test_constant_feature_is_refused(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(6)
    dataset.images[..., :7, :7] = 33
    for mode in ("remove", "permute"):
        with pytest.raises(ChangesNothing, match=r"cell_0_0 changes nothing.*the same there"):
            make_variant(dataset, _recipe("cell_0_0", mode=mode))
    assert apply(dataset, _recipe("cell_0_0", "contrast")).change > 0
    dataset.images[2, 0, 0, 0] = 99
    change = apply(dataset, _recipe("cell_0_0")).change
    assert change == pytest.approx((55 + 5 * 11) / (6 * 784))  # 33 and 99 become 44


def test_flat_backgrounds_of_one_colour_have_none_to_remove(digits: Dataset) -> None:
    with pytest.raises(ChangesNothing, match=r"background changes nothing.*flat"):
        make_variant(digits, _recipe("background"))


def test_grey_pixels_in_three_channels_have_no_colour_to_remove(make_dataset: MakeDataset) -> None:
    grey = make_dataset(256, 1, 4)
    dataset = Dataset(grey.images.repeat(1, 3, 1, 1), grey.labels, grey.class_names)
    with pytest.raises(ChangesNothing, match=r"colour changes nothing.*grey"):
        make_variant(dataset, _recipe("colour"))


def test_selections_that_leave_everything_or_nothing(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(30)
    absent = dataset.take(dataset.labels != 2)
    with pytest.raises(ChangesNothing, match="class_c changes nothing"):
        make_variant(absent, _recipe("class_c"))
    with pytest.raises(ChangesNothing, match=r"class_balance changes nothing.*equally frequent"):
        make_variant(dataset, _recipe("class_balance"))
    only = dataset.take(dataset.labels == 2)
    with pytest.raises(ChangesNothing, match="class_c leaves no image"):
        make_variant(only, _recipe("class_c"))


def test_too_few_images_left(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(14)
    with pytest.raises(InputError, match="class_a leaves 9 of 14 images") as caught:
        make_variant(dataset, _recipe("class_a"))
    assert not isinstance(caught.value, ChangesNothing)
    assert len(make_variant(make_dataset(15), _recipe("class_a"))) == 10


def test_before_and_after_are_two_rows(make_dataset: MakeDataset) -> None:
    one, two = make_dataset(12), make_dataset(12, seed=1)
    rows = before_and_after(one, two, count=4)
    assert torch.equal(rows, torch.cat([one.images[:4], two.images[:4]]))
