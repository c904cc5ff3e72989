"""Names of features in plain words: all have one, and no two cells of a grid share theirs."""

from collections import Counter

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import known
from ganatomy.report.feature_names import plain_feature


@pytest.mark.parametrize("grid", [2, 3, 4])
def test_each_cell_has_a_name_of_its_own(grid: int) -> None:
    names = [plain_feature(f"cell_{r}_{c}", grid) for r in range(grid) for c in range(grid)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_places_are_where_they_are_said_to_be() -> None:
    """The mean row of the cells called upper is above that of those called lower; so for sides."""
    cells = {plain_feature(f"cell_{r}_{c}", 5): (r, c) for r in range(5) for c in range(5)}
    for words, axis in ((("upper", "lower"), 0), (("left", "right"), 1)):
        first, last = ([at[axis] for name, at in cells.items() if word in name] for word in words)
        assert max(first) < 2 < min(last)
    assert cells["middle"] == (2, 2)


def test_every_feature_that_this_data_has_is_named_in_words() -> None:
    images = torch.randint(0, 256, (40, 3, 8, 8), dtype=torch.uint8)
    data = Dataset(images, torch.arange(40) % 2, ("cat", "dog"))
    for name in known(data, 4, ()):
        said = plain_feature(name)
        assert "_" not in said, name
        assert said == said.strip()
    assert plain_feature("class_cat") == "share of class cat"
