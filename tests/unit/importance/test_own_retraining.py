"""GANs retrained by somebody's own function: in its terms, repeatable, failures told."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.gan.adopt.reading import read_port
from ganatomy.gan.adopt.training import TrainingBudget
from ganatomy.gan.session import Interrupted
from ganatomy.importance.member_files import architecture_of, load_members, stored_members
from ganatomy.importance.own_retraining import retrain_by_author
from ganatomy.importance.retraining import trainings
from ganatomy.importance.retraining_study import RetrainedMembers
from tests.unit.gan.small import CPU

ASKED = trainings([Recipe(f"null_{k}", (), "null", k, "", "null") for k in range(2)], [4, 5])
BUDGET = TrainingBudget(epochs=2, num_steps=7, batch_size=5, device=CPU, num_threads=1)
DATA = {
    f"null_{k}": Dataset(torch.full((6, 1, 8, 8), 51 * (k + 1), dtype=torch.uint8), torch.arange(6))
    for k in range(2)
}


class G(nn.Module):
    """One shade, in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.shade = nn.Parameter(torch.zeros(()))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Flat images."""
        return self.shade.expand(len(z), 1, 8, 8) + 0 * z.sum()


class D(nn.Module):
    """The mean of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """One number each."""
        return self.gain * images.mean((1, 2, 3))


def train(
    images: torch.Tensor, labels: torch.Tensor, seed: int, budget: TrainingBudget
) -> tuple[nn.Module, nn.Module]:
    """Learn the mean shade; D's gain tells what was handed over, and by which generator."""
    made = G(), D()
    made[0].shade.data = images.mean()
    made[1].gain.data = torch.rand(()) + seed + budget.num_steps + len(labels)
    return made


def fails_once(images: torch.Tensor, seed: int, **rest: Any) -> tuple[nn.Module, nn.Module]:
    """Fail with one seed of one data set, and give NaN with another."""
    made = train(images=images, seed=seed, **rest)
    if seed == 4 and float(images.mean()) < 0.3:
        raise ValueError("no luck")
    if seed == 5 and float(images.mean()) < 0.3:
        made[0].shade.data *= float("nan")
    return made


def fails(**_: Any) -> tuple[nn.Module, nn.Module]:
    """Fail always."""
    raise KeyError("nothing works")


def one_alone(**_: Any) -> nn.Module:
    """Forget D."""
    return G()


def another(**_: Any) -> tuple[nn.Module, nn.Module]:
    """Give a network of another class."""
    return nn.Linear(2, 2), D()


def _retrain(kept: Path, function: str, told: list[str], **options: Any) -> RetrainedMembers:
    values = {
        "generator": {"build": f"{__name__}:G", "range": [0, 1]},
        "discriminator": {"build": f"{__name__}:D", "range": [0, 1]},
        "latent": {"dim": 3},
        "train": f"{__name__}:{function}",
    }
    port = read_port(values, "my-gan.yaml", kept)
    given: dict[str, Any] = {"values": values, "budget": BUDGET, "kept": kept, **options}
    return retrain_by_author(ASKED, DATA, port, on_warning=told.append, **given)


def test_each_is_trained_in_its_own_terms_and_read_like_ours(tmp_path: Path) -> None:
    found = _retrain(tmp_path, "train", [])
    assert [member.recipe.name for member in found.members] == ["null_0", "null_1"] * 2
    stored = stored_members([found.files.folder])
    assert architecture_of(stored, CPU).image_shape == (1, 8, 8)
    for member in load_members(stored, CPU):
        shade = 0.2 * (int(member.recipe.name[-1]) + 1)  # 51 of 255, in [0, 1]
        assert member.generator is not None
        assert member.discriminator is not None
        images = member.generator(torch.zeros(2, 3))
        assert images.mean().item() == pytest.approx(2 * shade - 1, abs=1e-6)
        logit = member.discriminator(torch.ones(1, 1, 8, 8)).item()  # white is 1 in its terms
        assert int(logit) == member.seed + BUDGET.num_steps + 6


def test_the_same_seed_is_the_same_gan_and_none_is_trained_twice(tmp_path: Path) -> None:
    gains = {}
    for name in ("a", "b"):
        found = _retrain(tmp_path / name, "train", [])
        stored = stored_members([found.files.folder])
        networks = [each.discriminator for each in load_members(stored, CPU)]
        gains[name] = [float(each(torch.ones(1, 1, 8, 8))) for each in networks if each]
    assert gains["a"] == gains["b"]
    assert len(set(gains["a"])) == 2  # of two seeds
    again = _retrain(tmp_path / "a", "fails", [])  # it is not asked any more
    assert not any(member.has_diverged for member in again.members)


def test_one_that_fails_or_is_not_finite_has_diverged(tmp_path: Path) -> None:
    told: list[str] = []
    found = _retrain(tmp_path, "fails_once", told)
    assert [member.has_diverged for member in found.members] == [True, False, True, False]
    assert told == [
        "null_0, seed 4 failed: ValueError: no luck: it is left out",
        "null_0, seed 5, has diverged: it is left out",
    ]
    assert found.metrics()["num_diverged"] == 2


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("fails", "failed in each of 4 trainings: KeyError"),
        ("one_alone", "returned G"),
        ("another", "the generator that it returned is not what `build` makes"),
        ("nobody", "has no 'nobody'"),
    ],
)
def test_a_function_that_cannot_be_used_is_one_sentence(
    function: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        _retrain(tmp_path, function, [])
    assert caught.value.where == "train"


def test_broken_off_it_goes_on(tmp_path: Path) -> None:
    asked: list[int] = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Interrupted):
        _retrain(tmp_path, "train", [], should_stop=should_stop)
    found = _retrain(tmp_path, "train", [])
    assert len(found.members) == 4
