"""Groups of training images: left out as a whole, ranked by the harm that was planted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.data.variants import make_variant
from ganatomy.errors import InputError
from ganatomy.importance.datamodels import datamodels
from ganatomy.importance.experiment import StudySize
from ganatomy.importance.group_result import GroupInfluence
from ganatomy.importance.groups import by_group, group_influence, with_groups
from tests.unit.importance.retrained import noise, repeats

TINY = StudySize(
    num_steps=2, width=4, num_seeds=2, num_nulls=2, batch_size=8, evaluator_epochs=1, num_fakes=20
)
HARM = np.array([0.0, 9.0, 0.0, -6.0, 0.0])  # what having each group adds to a distance


def _data(count: int = 150) -> Dataset:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8, generator=draw)
    return Dataset(images, torch.arange(count) % 2, ("even", "odd"))


def _planted() -> GroupInfluence:
    draw = np.random.default_rng(0)
    left_out: set[tuple[int, ...]] = set()
    while len(left_out) < 16:
        row = np.flatnonzero(draw.uniform(size=5) < 0.5)
        if 0 < len(row) < 5:
            left_out.add(tuple(row.tolist()))
    names = {
        f"subset_{k:03d}=" + "+".join(f"attribute_group={g}" for g in row): row
        for k, row in enumerate(sorted(left_out))
    }
    values = noise(draw, list(names), 3, 2, 3)
    for name, row in names.items():
        values[name][0] -= HARM[list(row)].sum()  # g_fcd: the higher, the worse
        values[name][1] += HARM[list(row)].sum()  # g_recall: the lower, the worse
    table = repeats(values, ["g_fcd", "g_recall"])
    return GroupInfluence(by_group(datamodels(table, 0.05)), table)


@pytest.mark.parametrize("readout", ["g_fcd", "g_recall"])
def test_planted_harm_is_found_with_its_sign(readout: str) -> None:
    ranked = _planted().harm(readout)
    assert ranked["group"].iloc[0] == 1
    assert ranked["group"].iloc[-1] == 3
    planted = HARM[ranked["group"]]
    np.testing.assert_allclose(ranked["harm"], planted, atol=2)
    assert (ranked["low"] < ranked["harm"]).all()
    assert (ranked["harm"] < ranked["high"]).all()
    assert ranked["stands_out"].tolist() == (planted != 0).tolist()


def test_words_and_figures() -> None:
    found = _planted()
    assert found.worst(1) == [1]
    metrics = found.metrics()
    assert (metrics["num_groups"], metrics["num_harmful"], metrics["num_useful"]) == (5, 1, 1)
    assert metrics["lds"] > 0.7  # four levels, so many ties
    said = found.verdict()
    assert "better without group 1 and worse without group 3." in said
    assert "with a rank correlation of 0." in said
    unsure = replace(found, table=found.table.assign(lds=np.nan)).verdict()
    assert unsure.endswith("3. Too few subsets to say whether it holds for others.")
    quiet = replace(found, table=found.table.assign(stands_out=False)).verdict()
    assert "G is not seen to change without any of 5 groups." in quiet


def test_readout_without_a_worse_side() -> None:
    with pytest.raises(InputError, match=r"no harm is known by 'd_shift'.*g_fcd"):
        _planted().harm("d_shift")


def test_a_group_is_left_out_as_a_whole() -> None:
    data = _data(40)
    groups = torch.arange(40) % 4 - 1  # -1, 0, 1, 2
    marked = with_groups(data, groups)
    features = ("attribute_group=0", "attribute_group=2")
    left = make_variant(marked, Recipe("subset_000", features, "remove", 0, "", "subset"))
    stays = (groups == -1) | (groups == 1)
    assert torch.equal(left.images, data.images[stays])
    assert torch.equal(left.labels, data.labels[stays])


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (torch.zeros(39, dtype=torch.int64), r"40 images, but groups are torch.int64 of shape"),
        (torch.zeros(40), r"groups are torch.float32"),
        (torch.zeros(40, dtype=torch.int64), r"1 groups, so none can be left out"),
    ],
)
def test_groups_that_do_not_fit(groups: torch.Tensor, said: str) -> None:
    with pytest.raises(InputError, match=said):
        with_groups(_data(40), groups)


@pytest.mark.parametrize(
    ("num_subsets", "size", "said"),
    [
        (0, TINY, "0 subsets of the groups.*num_subsets"),
        (4, TINY, "4 subsets of 3 features.*At least 5"),
        (6, replace(TINY, num_nulls=1), "1 leaves no noise.*num_nulls"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_training(
    num_subsets: int, size: StudySize, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganatomy.importance.groups.Experiment", None)
    with pytest.raises(InputError, match=said):
        group_influence(_data(), torch.arange(150) % 3, num_subsets=num_subsets, size=size)


def test_from_images_to_a_saved_result(tmp_path: Path) -> None:
    data = _data()
    told: list[tuple[int, int]] = []
    groups = torch.arange(len(data)) % 3
    groups[-5:] = 3  # among the held-out images only
    found = group_influence(
        data,
        groups,
        num_subsets=6,
        size=TINY,
        on_progress=lambda done, total: told.append((done, total)),
    )
    # six subsets and two nulls, each with two seeds, of two steps whatever the number of images
    assert told[-1] == (32, 32)
    assert sorted(found.harm("g_frd")["group"]) == [0, 1, 2]
    assert found.repeats["variant"].nunique() == 8
    found.save(tmp_path)
    loaded = GroupInfluence.load(tmp_path)
    pd.testing.assert_frame_equal(loaded.table, found.table, check_dtype=False)
    assert loaded.verdict() == found.verdict()
    (tmp_path / "groups.csv").unlink()
    with pytest.raises(InputError, match=r"groups\.csv"):
        GroupInfluence.load(tmp_path)
