"""Which variants are made of a list of features, and what they are called."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.data.recipe import Recipe, Regions
from ganatomy.errors import InputError

OWN = "tests.unit.data.features.written:Described"


@pytest.fixture
def dataset(digits: Dataset) -> Dataset:
    columns = {"has hat": torch.arange(300) % 2.0, "has-hat": torch.arange(300) % 2.0}
    return Dataset(digits.images, digits.labels, digits.class_names, columns)


def _recipes(dataset: Dataset, features: list[str], **changed: Any) -> list[Recipe]:
    arguments: dict[str, Any] = {
        "modes": ["remove"], "interactions": [], "num_subsets": 0, "subset_share": 0.5,
        "num_nulls": 0, "seed": 7,
    }  # fmt: skip
    return recipes(features, dataset, **{**arguments, **changed})


def _names(made: list[Recipe]) -> list[str]:
    return [recipe.name for recipe in made]


def test_order_and_names(dataset: Dataset) -> None:
    made = _recipes(
        dataset,
        ["blur", "class_3", OWN, "contrast:permute"],
        modes=["remove", "noise"],
        interactions=["blur+class_3"],
        num_subsets=6,
        num_nulls=2,
    )
    assert _names(made) == [
        "blur", "blur-noise", "class_3", OWN, f"{OWN}-noise", "contrast-permute", "blur+class_3",
        *[f"subset_00{k}" for k in range(6)], "null_0", "null_1",
    ]  # fmt: skip
    assert [recipe.mode for recipe in made] == [
        "remove", "noise", "remove", "remove", "noise", "permute", *["remove"] * 7, "null", "null",
    ]  # fmt: skip
    assert [recipe.kind for recipe in made] == [
        *["frequency"] * 2, "class", *["tone"] * 3, "interaction", *["subset"] * 6, *["null"] * 2,
    ]  # fmt: skip
    assert made[3].features == (OWN,)
    assert made[6].features == ("blur", "class_3")
    assert [recipe.seed for recipe in made] == [7] * 13 + [7, 8]
    assert [recipe.is_null for recipe in made] == [False] * 13 + [True] * 2
    assert all(recipe.meaning for recipe in made)
    assert "class 3 is left out" in made[6].meaning
    for recipe in made:
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_subsets_are_of_what_is_removed(dataset: Dataset) -> None:
    features = ["blur", "contrast", "scale", "thickness", "noise:permute"]
    made = _recipes(dataset, features, num_subsets=10)[-10:]
    assert all(set(recipe.features) < set(features[:4]) for recipe in made)
    counts = [sum(name in recipe.features for recipe in made) for name in features[:4]]
    assert counts == [5] * 4
    assert len({recipe.features for recipe in made}) == 10


def test_names_are_those_of_people_and_folders_are_safe(digits: Dataset) -> None:
    classes = ("Äpfel", "Öpfel", "apfel", "Apfel", "a/b", "..", "りんご", "ab" * 100)
    labels = digits.labels % len(classes)
    dataset = Dataset(digits.images, labels, classes)
    made = _recipes(dataset, [f"class_{name}" for name in classes])
    assert _names(made) == [f"class_{name}" for name in classes]
    folders = [recipe.folder for recipe in made]
    assert len({folder.lower() for folder in folders}) == len(classes)
    assert all(re.fullmatch(r"[A-Za-z0-9_.+=-]{1,100}", folder) for folder in folders)
    assert folders[2] == "class_apfel"  # nothing to mend


def test_no_two_variants_share_a_name(dataset: Dataset, tmp_path: Path) -> None:
    masks = [tmp_path / "x.png", tmp_path / "x-permute.png"]
    for index, path in enumerate(masks):
        mask = np.zeros((28, 28), dtype=np.uint8)
        mask[10 + index : 20] = 255
        Image.fromarray(mask).save(path)
    made = _recipes(
        dataset, ["mask_x:permute", "mask_x-permute"], regions=Regions(masks=tuple(masks))
    )
    assert _names(made) == ["mask_x-permute", "mask_x-permute-2"]
    assert [recipe.features for recipe in made] == [("mask_x",), ("mask_x-permute",)]


@pytest.mark.parametrize(
    ("features", "changed", "message"),
    [
        (["blurr"], {}, r"unknown feature 'blurr'.*Did you mean blur\?"),
        (["class_x"], {}, "no class 'x'.*0, 1, 2"),
        (["blur", "contrast", "blur"], {}, "blur is named twice"),
        (["blur", "blur:remove"], {}, "blur is named twice"),
        (["blur"], {"modes": ["erase"]}, r"unknown mode 'erase' \[modes\].*permute"),
        (["blur:erase"], {}, "blur has no mode 'erase'.*remove, permute, noise"),
        (["class_1:noise"], {}, "class_1 has no mode 'noise'.*It has: remove"),
        (["class_1"], {"modes": ["noise"]}, "class_1 has none of the modes noise.*remove"),
        (["blur"], {"interactions": ["blur+scale"]}, "scale is not removed by itself"),
        (
            ["blur", "scale:noise"],
            {"interactions": ["blur+scale"]},
            r"scale is not removed by itself.*\[interactions\]",
        ),
        (["blur"], {"interactions": ["blur"]}, "'blur' is no interaction"),
        (["blur"], {"interactions": ["blur+blur"]}, "no interaction of two or more"),
        (["blur", "scale"], {"interactions": ["blur+scale", "scale+blur"]}, "named twice"),
        (["blur", "scale"], {"num_subsets": 3}, "cannot draw 3 different subsets of 2 features"),
        (
            ["blur", "scale"],
            {"num_subsets": 2},
            r"2 subsets .* \[num_subsets\]. At least 4",
        ),
    ],
)
def test_refusals(
    features: list[str], changed: dict[str, Any], message: str, dataset: Dataset
) -> None:
    with pytest.raises(InputError, match=message):
        _recipes(dataset, features, **changed)


def test_a_recipe_says_which_regions_its_names_mean(dataset: Dataset, tmp_path: Path) -> None:
    usual = _recipes(dataset, ["cell_1_1"])[0]
    assert "regions" not in usual.to_json()
    mask = tmp_path / "corner.png"
    Image.new("L", (28, 28), 0).save(mask)
    other = Recipe("cell_1_1", ("cell_1_1",), "remove", 7, "", "region", Regions(2, (str(mask),)))
    assert other.to_json()["regions"] == {"grid": 2, "masks": [str(mask)]}
    for recipe in (usual, other):
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    made = _recipes(dataset, ["cell_0_0", "blur"], num_nulls=1, regions=Regions(grid=7))
    assert [recipe.regions for recipe in made] == [Regions(7)] * 3
