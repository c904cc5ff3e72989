"""Tears that are planted, steep functions that are none, and ways whose length is known."""

import math
from dataclasses import replace
from pathlib import Path as Folder

import numpy as np
import pytest
import torch
from sklearn.manifold import trustworthiness
from torch import nn

from ganatomy.absent import Absent
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.latent_paths import Path, between
from ganatomy.explain.topology.latent_study import topology_of_latents
from ganatomy.explain.topology.latent_topology import LatentTopology
from ganatomy.explain.topology.modes import NEIGHBOURS
from ganatomy.explain.topology.tears import find_tears

_DIM = 6
_AT = 0.3


class _Linear(nn.Module):
    """Images of 8 x 8 that are linear in the latents, by a matrix of shape (64, 6)."""

    def __init__(self, matrix: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (z[:, :_DIM] @ self.matrix.T).reshape(-1, 1, 8, 8)


class _Torn(_Linear):
    """The same, and another picture beyond z0 = 0.3."""

    size = 3.0

    def extra(self, first: torch.Tensor) -> torch.Tensor:
        return (first > _AT).float()

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        picture = torch.eye(8)[None, None] * self.size / math.sqrt(8)
        return super().forward(z) + self.extra(z[:, 0])[:, None, None, None] * picture


class _Steep(_Torn):
    """The same, steep and continuous."""

    def extra(self, first: torch.Tensor) -> torch.Tensor:
        return (1 + torch.tanh(20 * (first - _AT))) / 2


class _Kinked(_Torn):
    """The same, with a bend and no jump."""

    def extra(self, first: torch.Tensor) -> torch.Tensor:
        return 5 * torch.relu(first - _AT)


def _matrix(seed: int) -> torch.Tensor:
    return torch.randn(64, _DIM, generator=torch.Generator().manual_seed(seed)) / 8


def _latents(seed: int, number: int = 32) -> torch.Tensor:
    return torch.randn(number, _DIM, generator=torch.Generator().manual_seed(100 + seed))


def _crossings(subjects: Subjects, number: int) -> list[float]:
    """Where the first entry of a path crosses 0.3: from a fine grid, then straight between."""
    path = Path(subjects, 2 * number, 2 * number + 1, spherical=True)
    t = np.linspace(0, 1, 20_001)
    first = path.latents(torch.tensor(t))[:, 0].double().numpy() - _AT
    at = np.flatnonzero(first[1:] * first[:-1] < 0)
    return [float(t[i] - first[i] * (t[i + 1] - t[i]) / (first[i + 1] - first[i])) for i in at]


@pytest.mark.parametrize("seed", range(10))
def test_a_planted_tear_is_found_where_it_is(seed: int) -> None:
    subjects = Subjects.of(_Torn(_matrix(seed)), None, z=_latents(seed))
    study = topology_of_latents(subjects)
    truth = {number + 1: _crossings(subjects, number) for number in range(16)}
    assert sum(map(len, truth.values())) >= 4
    for number, expected in truth.items():
        found = sorted(study.tears.loc[study.tears["path"] == number, "t"])
        assert found == pytest.approx(expected, abs=1e-4), number
    assert study.tears["size"].to_numpy() == pytest.approx(_Torn.size, rel=0.01)
    assert study.num_torn == sum(bool(each) for each in truth.values())
    assert "G tears on" in study.verdict()


@pytest.mark.parametrize("kind", [_Steep, _Kinked, _Linear])
@pytest.mark.parametrize("seed", range(10))
def test_what_is_steep_or_bent_is_no_tear(kind: type[_Linear], seed: int) -> None:
    subjects = Subjects.of(kind(_matrix(seed)), None, z=_latents(seed))
    study = topology_of_latents(subjects, num_images=0)
    assert study.tears.empty
    assert study.num_torn == 0
    assert "No tear was found on 16 ways" in study.verdict()


def test_steep_ones_are_suspected_before_they_are_cleared() -> None:
    asked: list[int] = []

    def look(t: torch.Tensor) -> torch.Tensor:
        asked.append(len(t))
        return torch.tanh(300 * (t - 0.41))[:, None]

    t = torch.linspace(0, 1, 33, dtype=torch.float64)
    assert find_tears(look, t, torch.tanh(300 * (t - 0.41))[:, None]) == []
    assert len(asked) > 4


def test_images_on_either_side_are_those_of_before_and_after() -> None:
    subjects = Subjects.of(_Torn(torch.zeros(64, _DIM)), None, z=_latents(1))
    study = topology_of_latents(subjects)
    assert len(study.beside) == min(6, len(study.tears))
    middle = study.beside[:, :, 0, 3, 3].int()
    assert (middle[:, 0] != middle[:, 1]).all()
    assert set(middle.unique().tolist()) == {128, 255}


@pytest.mark.parametrize("seed", range(3))
def test_a_straight_way_of_a_linear_generator_is_as_long_as_its_ends_are_apart(seed: int) -> None:
    matrix = _matrix(seed)
    z = 2 * torch.rand(8, _DIM, generator=torch.Generator().manual_seed(seed)) - 1
    study = topology_of_latents(Subjects.of(_Linear(matrix), None, z=z))
    assert study.way == "straight"
    expected = ((z[1::2] - z[::2]) @ matrix.T).norm(dim=1)
    assert study.paths["length"].to_numpy() == pytest.approx(expected.numpy(), rel=1e-4)
    assert study.paths["detour"].to_numpy() == pytest.approx(1.0, rel=1e-4)


def test_a_spherical_way_of_an_isometry_is_an_arc() -> None:
    matrix = torch.linalg.qr(_matrix(0)).Q
    z = _latents(0, 8)
    z = z / z.norm(dim=1, keepdim=True) * math.sqrt(_DIM)
    study = topology_of_latents(Subjects.of(_Linear(matrix), None, z=z), num_steps=256)
    assert study.way == "spherical"
    cosines = (z[::2] * z[1::2]).sum(1) / _DIM
    assert study.paths["length"].to_numpy() == pytest.approx(
        (math.sqrt(_DIM) * cosines.acos()).numpy(), rel=1e-3
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_spectrum_of_a_linear_generator_is_its_matrixs(seed: int) -> None:
    matrix = _matrix(seed)
    study = topology_of_latents(Subjects.of(_Linear(matrix), None, z=_latents(seed, 4)))
    values = np.linalg.svd(matrix.double().numpy(), compute_uv=False)
    assert study.spectra.numpy() == pytest.approx(np.tile(values, (4, 1)), rel=1e-3)
    ratio = (values**2).sum() ** 2 / (values**4).sum()
    assert study.spectrum["participation"].to_numpy() == pytest.approx(ratio, rel=1e-3)
    assert study.spectrum["condition"].to_numpy() == pytest.approx(values[0] / values[-1], rel=1e-2)


def test_the_spherical_way_meets_its_ends_and_latents_in_line_are_joined_straight() -> None:
    one, other = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 1.0])
    t = torch.tensor([0.0, 0.5, 1.0])
    way = between(one, other, t, spherical=True)
    middle = math.sqrt(2)  # half-way: turned by 45 degrees, and 2 long
    assert torch.allclose(way, torch.tensor([[3, 0], [middle, middle], [0, 1]]).double())
    assert between(one, -one, t, spherical=True)[1].abs().max() == 0


class _Noisy(_Linear):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return super().forward(z) + torch.randn(len(z), 1, 8, 8)


def test_a_generator_that_draws_noise_is_not_asked_whether_it_tears() -> None:
    subjects = Subjects.of(_Noisy(_matrix(0)), None, z=_latents(0))
    study = topology_of_latents(subjects)
    assert study.paths.empty
    assert study.spectrum.empty
    assert "draws noise of its own" in study.left_out["tears and paths between latents"]


def test_of_a_generator_that_makes_one_image_no_ratio_is_told() -> None:
    study = topology_of_latents(Subjects.of(_Linear(torch.zeros(64, _DIM)), None, z=_latents(0)))
    assert study.sentences()[0] == "On all 16 ways between latents the image stays as it is."
    assert "nan" not in study.verdict()
    assert "path_detour" not in study.metrics()


class _Broken(_Linear):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return super().forward(z) * torch.nan


def test_images_that_are_not_finite_are_said() -> None:
    study = topology_of_latents(Subjects.of(_Broken(_matrix(0)), None, z=_latents(0)))
    assert set(study.left_out.values()) == {
        "the images that G makes are not finite",
        "what is seen of images is not finite, or the same of all",
    }


def test_images_without_a_generator_are_mapped_and_the_rest_is_left_out() -> None:
    draw = torch.Generator().manual_seed(0)
    groups = torch.randn(2, 1, 8, 8, generator=draw)[torch.arange(40) % 2]
    images = groups + 0.1 * torch.randn(40, 1, 8, 8, generator=draw)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    study = topology_of_latents(Subjects.of(None, network, real=images))
    assert study.left_out["tears and paths between latents"] == "there is no generator"
    places = study.points[["x", "y"]].to_numpy()
    expected = trustworthiness(images.flatten(1).numpy(), places, n_neighbors=NEIGHBOURS)
    assert study.trustworthiness == pytest.approx(expected, abs=1e-6)
    apart = np.linalg.norm(places[::2].mean(0) - places[1::2].mean(0))
    assert apart > 2 * np.linalg.norm(places[::2] - places[::2].mean(0), axis=1).mean()
    again = topology_of_latents(Subjects.of(None, network, real=images))
    assert np.array_equal(again.points[["x", "y"]].to_numpy(), places)


def test_few_images_have_no_map() -> None:
    study = topology_of_latents(Subjects.of(_Linear(_matrix(0)), None, z=_latents(0, 3)))
    assert study.left_out["a map of modes"] == "3 images: it takes 12"
    assert len(study.paths) == 1


class _Sides(nn.Module):
    """An evaluator whose class is the sign of the first pixel."""

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        first = images[:, 0, 0, 0]
        return torch.stack([-first, first], 1)


def test_classes_along_a_way_change_where_the_evaluator_says_so() -> None:
    generator = _Torn(torch.zeros(64, _DIM))
    z = torch.zeros(2, _DIM)
    z[:, 1:3] = torch.tensor([1.5, 1.5])
    z[0, 0], z[1, 0] = -2.0, 2.5
    subjects = Subjects.of(generator, None, z=z, evaluator=_Sides(), class_names=("off", "on"))
    study = topology_of_latents(subjects)
    assert study.space == "evaluator features"
    assert study.paths[["num_classes", "num_changes", "num_tears"]].values.tolist() == [[2, 1, 1]]
    assert study.tears[["before", "after"]].values.tolist() == [["off", "on"]]
    assert ", from off to on" in study.verdict()


def test_the_class_of_a_conditional_generator_is_held() -> None:
    z = torch.cat([_latents(0, 4), torch.eye(2)[[0, 1, 1, 0]]], 1)
    subjects = replace(
        Subjects.of(_Linear(_matrix(0)), None, z=z, num_classes=2), class_names=("a", "b")
    )
    way = Path(subjects, 0, 1, spherical=True).latents(torch.linspace(0, 1, 5))
    assert way[:, _DIM:].tolist() == [[1.0, 0.0]] * 5
    assert topology_of_latents(subjects).paths["held"].tolist() == ["a", "b"]


@pytest.mark.parametrize("generator", [_Torn(_matrix(0)), None])
def test_it_is_the_same_after_saving(generator: nn.Module | None, tmp_path: Folder) -> None:
    images = torch.randn(14, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    z = None if generator is None else _latents(0)
    given = Absent("generator") if generator is None else generator
    study = topology_of_latents(Subjects.of(given, network, real=images, z=z))
    study.save(tmp_path)
    again = LatentTopology.load(tmp_path)
    assert again.verdict() == study.verdict()
    assert again.metrics() == study.metrics()
    for name in ("paths", "steps", "tears", "spectrum", "points"):
        assert getattr(again, name).values.tolist() == getattr(study, name).values.tolist()
    assert torch.equal(again.beside, study.beside)
    assert torch.equal(again.spectra, study.spectra)
    assert again.left_out == study.left_out
