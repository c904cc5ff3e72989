"""The study of structure, as a whole: its words, its files, and networks that are missing."""

import copy
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.structure.result import StructureStudy
from ganatomy.explain.structure.study import describe_structure

DRAW = torch.Generator().manual_seed(0)
IMAGES = torch.randn(12, 1, 8, 8, generator=DRAW).clamp(-1, 1)
Z = torch.randn(12, 6, generator=DRAW)


def _generator() -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, 64),
        nn.Unflatten(1, (4, 4, 4)),
        nn.BatchNorm2d(4),
        nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1),
        nn.Tanh(),
    )


def _discriminator() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 1))


class _Logits(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(images)
        return logits.flatten()


class _Unfollowed(_Logits):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.tensor(images.tolist()))


def test_both_networks_are_described_and_come_back_from_their_files(tmp_path: Path) -> None:
    subjects = Subjects.of(_generator(), _Logits(_discriminator()), real=IMAGES, z=Z)
    study = describe_structure(subjects, num_images=12)
    study.save(tmp_path)
    loaded = StructureStudy.load(tmp_path)
    assert list(loaded.networks) == ["G", "D"]
    assert loaded.verdict() == study.verdict()
    assert loaded.metrics() == study.metrics()
    for name, each in study.networks.items():
        again = loaded.networks[name]
        assert (again.graph, again.reach, again.batch_in_training) == (
            each.graph,
            each.reach,
            each.batch_in_training,
        )
        pd.testing.assert_frame_equal(again.vitals, each.vitals)


def test_what_is_told_is_what_was_counted() -> None:
    subjects = Subjects.of(_generator(), _Logits(_discriminator()), real=IMAGES, z=Z)
    said = describe_structure(subjects).verdict()
    assert f"{6 * 64 + 64 + 8 + 4 * 16 + 1:,} parameters" in said
    assert f"{6 * 64 + 4 * 16 * 16:,} multiplications" in said
    assert "While it is trained it looks at the whole batch in 2." in said
    assert f"{8 * 36 * 9 + 288:,} multiplications" in said


@pytest.mark.parametrize("missing", ["generator", "discriminator", "images"])
def test_one_network_alone_is_described(missing: str, tmp_path: Path) -> None:
    subjects = Subjects.of(
        None if missing == "generator" else _generator(),
        None if missing == "discriminator" else _Logits(_discriminator()),
        real=None if missing == "images" else IMAGES,
        z=None if missing == "generator" else Z,
    )
    study = describe_structure(subjects)
    study.save(tmp_path)
    names = set(StructureStudy.load(tmp_path).networks)
    assert names == {"G", "D"} - {missing[0].upper()}


def test_a_network_that_cannot_be_followed_is_told_so() -> None:
    heard: list[str] = []
    subjects = Subjects.of(None, _Unfollowed(_discriminator()), real=IMAGES)
    study = describe_structure(subjects, on_warning=heard.append)
    assert not study.networks["D"].is_traced
    assert heard == ["a network could not be followed: " + study.networks["D"].why_untraced]
    assert "could not be followed" in study.verdict()
    assert [part.name for part in study.networks["D"].graph.parts][1:-1] == [
        f"network.{place}" for place in range(4)
    ]


def test_too_few_images_are_refused() -> None:
    subjects = Subjects.of(None, _Logits(_discriminator()), real=IMAGES[:2])
    with pytest.raises(InputError, match="2 images"):
        describe_structure(subjects)


def test_a_sentence_names_five_layers_and_counts_the_rest() -> None:
    layers = [each for _ in range(8) for each in (nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))]
    network = _Logits(nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 1)))
    said = describe_structure(Subjects.of(None, network, real=IMAGES)).verdict()
    names = ", ".join(f"network.{2 * place + 1}" for place in range(5))
    assert f"looks at the whole batch in {names} and 3 more." in said


def test_of_a_deep_network_the_reach_of_some_layers_is_measured_from_first_to_last() -> None:
    deep = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(150)), nn.Flatten())
    network = _Logits(nn.Sequential(deep, nn.Linear(64, 1)))
    found = describe_structure(Subjects.of(None, network, real=IMAGES)).networks["D"].reach
    assert len(found) == 64
    assert {"network.0.0", "network.0.149"} <= set(found)
    assert found["network.0.0"] == (3, 3)


def test_weights_are_compared_with_those_before_the_training(tmp_path: Path) -> None:
    network = _discriminator()
    first = copy.deepcopy(network)
    network[0].weight.data *= 3
    subjects = Subjects.of(None, _Logits(network), real=IMAGES)
    before = {"D": _Logits(first)}
    units = describe_structure(subjects, initial=before).networks["D"].vitals.set_index("name")
    assert units.loc["network.0", "norm_ratio"] == pytest.approx(3, rel=1e-6)
    assert units.loc["network.0", "moved"] == pytest.approx(2, rel=1e-6)
    assert units.loc[["network.1"], "moved"].isna().all()  # which has no weights
    assert "not moved" not in describe_structure(subjects, initial=before).verdict()
    study = describe_structure(subjects, initial={"D": _Logits(network)})
    assert "Training has not moved the weights of D in network.0." in study.verdict()
    study.save(tmp_path)
    assert StructureStudy.load(tmp_path).verdict() == study.verdict()
    assert describe_structure(subjects).networks["D"].vitals["moved"].isna().all()
