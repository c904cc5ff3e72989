"""Finding a feature by name, and what is said when there is none."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import find, known
from ganatomy.errors import InputError


def _dataset(channels: int = 1, names: tuple[str, ...] = ("cat", "dog")) -> Dataset:
    images = torch.zeros(4, channels, 8, 8, dtype=torch.uint8)
    labels = torch.tensor([0, 1, 0, 1]) if names else torch.full((4,), -1)
    columns = {"hair=brown": torch.tensor([0.0, 1, 1, 0])} if channels == 3 else {}
    return Dataset(images, labels, names, columns)


def _error(name: str, dataset: Dataset) -> InputError:
    with pytest.raises(InputError) as caught:
        find(name, known(dataset), dataset)
    return caught.value


def test_what_depends_on_the_data() -> None:
    plain, rich = set(known(_dataset(1, ()))), set(known(_dataset(3)))
    assert rich - plain == {
        "colour", "hue", "saturation", "class_balance", "class_cat", "class_dog",
        "attribute_hair=brown", "red_green", "yellow_blue",
    }  # fmt: skip
    assert plain < rich
    assert "class_balance" not in known(_dataset(1, ("only",)))


def test_near_misses_and_all_there_are() -> None:
    error = _error("contrst", _dataset())
    assert error.what == "unknown feature 'contrst'"
    assert "Did you mean contrast?" in error.remedy
    assert "region: cell_0_0 to cell_3_3; tone: brightness, contrast; " in error.remedy
    assert "class: class_cat, class_dog" in error.remedy
    assert "; to measure, not to change: area, aspect, " in error.remedy
    assert "Did you mean" not in _error("zzz", _dataset()).remedy


def test_a_cell_outside_of_the_grid() -> None:
    assert "cell_0_0 to cell_3_3" in _error("cell_4_0", _dataset()).remedy


@pytest.mark.parametrize(
    ("name", "channels", "what", "remedy"),
    [
        ("class_dgo", 1, "no class 'dgo'", "Did you mean dog? It has: cat, dog."),
        ("class_7", 1, "no class '7'", "It has: cat, dog."),
        ("attribute_hair", 3, "no attribute 'hair'", "It has: hair=brown."),
        ("attribute_hair", 1, "no attribute 'hair'", "It has: none."),
        ("hue", 1, "grey images have no hue", "Leave out the feature hue."),
        ("colour", 1, "grey images have no colour", "Leave out the feature colour."),
    ],
)
def test_what_this_data_lacks(name: str, channels: int, what: str, remedy: str) -> None:
    error = _error(name, _dataset(channels))
    assert what in error.what
    assert remedy in error.remedy
    assert error.where == "features"
