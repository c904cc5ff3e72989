"""GANs retrained onto the disk: none is trained twice, and what diverges is told."""

from pathlib import Path

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import Recipe
from ganatomy.files import sha256_of
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.session import Interrupted
from ganatomy.importance.retraining import Budget, trainings
from ganatomy.importance.retraining_study import RetrainedMembers, retrain_to_disk
from tests.unit.gan.small import CPU, SMALL, small_settings

NULLS = [Recipe(f"null_{k}", (), "null", k, "", "null") for k in range(2)]
ASKED = trainings(NULLS, [4, 5])
STEPS = 3


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _retrain(
    digits: Dataset, kept: Path, told: list[str], stop_after: int = 9, learning_rate: float = 1e-3
) -> RetrainedMembers:
    settings = small_settings(learning_rate=learning_rate)
    return retrain_to_disk(
        ASKED,
        {recipe.name: digits.take(torch.arange(20)) for recipe in NULLS},
        Budget(SMALL, settings, STEPS, Packing("loop", 1), CPU),
        kept=kept,
        shares=[0.5],
        on_member=lambda member: told.append(f"{member.recipe.name}-s{member.seed}"),
        on_warning=told.append,
        should_stop=lambda: len(told) >= stop_after,
    )


def _hashes(found: RetrainedMembers) -> dict[str, str]:
    folder = found.files.folder
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_broken_off_it_goes_on_and_trains_none_twice(digits: Dataset, tmp_path: Path) -> None:
    whole: list[str] = []
    found = _retrain(digits, tmp_path / "whole", whole)
    names = [training.name for training in ASKED]
    assert whole == names
    first: list[str] = []
    with pytest.raises(Interrupted):
        _retrain(digits, tmp_path / "again", first, stop_after=2)
    assert first == names[:2]
    second: list[str] = []
    again = _retrain(digits, tmp_path / "again", second)
    assert second == names[2:]
    assert _hashes(again) == _hashes(found)
    assert again.rows() == found.rows()
    assert [row["seed"] for row in found.rows()] == [4, 4, 5, 5]
    assert found.metrics() == {"num_members": 4, "num_diverged": 0, "pack_size": 1}
    halves = {f"{name}-at-0.5" for name in names}  # are kept, and are no members of the table
    assert halves < {path.name for path in found.files.folder.iterdir()}


def test_what_has_diverged_is_told_and_counted(digits: Dataset, tmp_path: Path) -> None:
    told: list[str] = []
    found = _retrain(digits, tmp_path, told, stop_after=99, learning_rate=1e30)
    assert found.metrics()["num_diverged"] == 4
    assert "null_0, seed 4, has diverged: it is left out" in told
    assert all(row["diverged"] for row in found.rows())
