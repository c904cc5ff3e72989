"""Activation maps whose regions and holes are known: networks that hand their images on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import permutation_test, ttest_ind
from torch import nn

from benchmarks.topology_layers import Handed
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.cubical import count, in_range, persistence
from ganatomy.explain.topology.map_study import permutation_p, topology_of_maps
from ganatomy.explain.topology.map_topology import MapTopology

pytest.importorskip("gudhi", reason="needs the package gudhi")

_SIDE = 24
_Y, _X = torch.meshgrid(torch.arange(_SIDE), torch.arange(_SIDE), indexing="ij")


def _disc(row: float, column: float) -> torch.Tensor:
    return torch.exp(-((_Y - row).square() + (_X - column).square()) / 6)


def _ring(row: float, column: float) -> torch.Tensor:
    distance = ((_Y - row).square() + (_X - column).square()).float().sqrt()
    return torch.exp(-(distance - 6).square() / 3)


def _images(kind: str, number: int, seed: int) -> torch.Tensor:
    """Two discs or one ring, a little elsewhere in each image; (number, 1, 24, 24) in [0, 1]."""
    draw = torch.Generator().manual_seed(seed)
    moves = torch.rand(number, 2, generator=draw).tolist()
    if kind == "ring":
        return torch.stack([_ring(11 + a, 12 + b)[None] for a, b in moves])
    return torch.stack([(_disc(6 + a, 6) + _disc(17, 16 + b))[None] for a, b in moves])


class _Drawn(nn.Module):
    """A generator of rings, through a convolution that hands on."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.ones_(self.same.weight)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.same(
            torch.stack([_ring(11, 12 + float(row[0]))[None] for row in z])
        )
        return made


def _subjects(real: str, fake: str, number: int = 12) -> Subjects:
    return Subjects.of(None, Handed(), real=_images(real, number, 0), fake=_images(fake, number, 1))


def test_rings_on_one_side_and_discs_on_the_other_are_told_apart() -> None:
    study = topology_of_maps(_subjects("discs", "ring"))
    counts = study.layers.set_index("kind")[["regions", "holes"]]
    assert counts.loc["real"].tolist() == [2.0, 0.0]
    assert counts.loc["fake"].tolist() == [1.0, 1.0]
    table = study.compared.set_index("what")
    assert table["difference"].to_dict() == {"regions": -1.0, "holes": 1.0}
    assert table["stands_out"].all()
    assert (table["p"] < 0.01).all()
    assert "same has -1.0 regions" in study.verdict()
    assert "+1.0 holes" in study.verdict()


def test_equal_kinds_are_rarely_told_apart() -> None:
    found = 0
    for seed in range(20):
        draw = torch.Generator().manual_seed(seed)
        noise = torch.nn.functional.avg_pool2d(torch.randn(32, 1, 26, 26, generator=draw), 3, 1)
        subjects = Subjects.of(None, Handed(), real=noise[:16], fake=noise[16:])
        study = topology_of_maps(subjects, num_draws=200, seed=seed)
        assert study.compared["real"].min() > 0
        found += bool(study.compared["stands_out"].any())
    assert found <= 3  # one expected; four or more of twenty have a chance of 1.6 %


def test_of_a_generator_alone_maps_are_counted_and_the_comparison_is_left_out() -> None:
    draw = torch.Generator().manual_seed(0)
    subjects = Subjects.of(_Drawn(), None, z=torch.rand(9, 2, generator=draw))
    study = topology_of_maps(subjects)
    assert study.layers[["network", "kind", "regions", "holes"]].values.tolist() == [
        ["G", "fake", 1.0, 1.0]
    ]
    assert study.compared.empty
    assert set(study.left_out.values()) == {"there are no maps of D"}
    marks = study.maps[0].example_marks
    assert marks.shape == (4, _SIDE, _SIDE)
    assert {-1, 1} <= set(marks[0].unique().tolist())


def test_images_of_one_kind_only_or_too_few_are_said() -> None:
    alone = Subjects.of(None, Handed(), real=_images("discs", 10, 0))
    assert "no maps of generated images" in " ".join(topology_of_maps(alone).left_out.values())
    few = topology_of_maps(_subjects("discs", "ring", 3))
    assert "3 images of a kind: it takes 8" in few.left_out.values()


def test_a_network_without_maps_says_so() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    study = topology_of_maps(Subjects.of(None, flat, real=torch.randn(9, 1, 8, 8)))
    assert study.layers.empty
    assert study.verdict() == "No layer has maps whose regions could be counted."
    assert study.left_out["maps of D"] == "none of its layers returns maps"


def test_maps_of_each_class_are_counted_apart() -> None:
    images = torch.cat([_images("ring", 6, 0), _images("discs", 6, 1)])
    labels = torch.arange(12) // 6
    subjects = replace(
        Subjects.of(None, Handed(), real=images), real_labels=labels, class_names=("o", ":")
    )
    study = topology_of_maps(subjects)
    assert study.by_class[["label", "num_images", "regions", "holes"]].values.tolist() == [
        ["o", 6, 1.0, 1.0],
        [":", 6, 2.0, 0.0],
    ]
    assert study.maps[0].classes.shape == (2, _SIDE, _SIDE)
    assert int(study.maps[0].class_marks[1].max()) == 2


def test_large_maps_are_averaged_down_and_networks_come_back_as_they_were() -> None:
    network = Handed().train()
    study = topology_of_maps(Subjects.of(None, network, real=torch.rand(8, 1, 100, 40)))
    assert study.layers[["height", "width"]].values.tolist() == [[64, 40]]
    assert network.training
    assert network.same.weight.requires_grad


def test_the_permutation_test_is_scipys() -> None:
    draw = np.random.default_rng(3)
    real, fake = draw.poisson(2.0, (1, 15)).astype(float), draw.poisson(3.0, (1, 17)).astype(float)
    found = permutation_p(real, fake, 20_000, 0)[0]
    expected = permutation_test(
        (real[0], fake[0]),
        lambda x, y: abs(np.mean(x) - np.mean(y)),
        n_resamples=20_000,
        alternative="greater",
        random_state=1,
    ).pvalue
    assert 0.001 < expected < 0.5
    assert found == pytest.approx(expected, abs=0.012)


def test_the_interval_is_welchs() -> None:
    draw = torch.Generator().manual_seed(5)
    real = torch.randn(20, 1, 12, 12, generator=draw)
    fake = torch.nn.functional.avg_pool2d(torch.randn(14, 1, 14, 14, generator=draw), 3, 1)
    study = topology_of_maps(Subjects.of(None, Handed(), real=real, fake=fake))
    row = study.compared.iloc[0]
    one, other = (
        [count(persistence(in_range(abs(each[0].double().numpy()))).regions, 0.2) for each in kind]
        for kind in (real, fake)
    )
    interval = ttest_ind(other, one, equal_var=False).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))


def test_it_is_the_same_after_saving(tmp_path: Path) -> None:
    study = topology_of_maps(_subjects("discs", "ring"))
    study.save(tmp_path)
    again = MapTopology.load(tmp_path)
    assert again.verdict() == study.verdict()
    assert again.metrics() == study.metrics()
    assert again.left_out == study.left_out
    for name in ("layers", "compared", "by_class", "curves"):
        assert getattr(again, name).values.tolist() == getattr(study, name).values.tolist()
    assert all(
        torch.equal(one.marks, other.marks) and torch.equal(one.examples, other.examples)
        for one, other in zip(study.maps, again.maps)
    )
    assert torch.equal(again.images["real"], study.images["real"])
