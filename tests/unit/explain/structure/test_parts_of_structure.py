"""Reach, batch, units and blocks, each against a network whose truth is known."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.explain.structure.batch import where_the_batch_matters
from ganatomy.explain.structure.blocks import blocks, folded, is_convex
from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph, Part
from ganatomy.explain.structure.reach import pixels_changed, pixels_seen
from ganatomy.explain.structure.tracing import trace
from ganatomy.explain.structure.vitals import vitals
from ganatomy.report.figures.network_layout import HEIGHT, WIDTH, laid_out
from tests.unit.explain.structure.networks import networks


def _images(count: int, side: int) -> torch.Tensor:
    return torch.randn(count, 1, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dilation", [1, 2])
def test_a_place_sees_what_the_kernels_add_up_to(dilation: int) -> None:
    """r' = r + (k - 1) j, with j the product of the strides before (Araujo et al. 2019)."""
    sizes = [(3, 1), (4, 2), (3, 2), (3, 1)]
    layers = [nn.Conv2d(1, 1, k, stride, padding=1, dilation=dilation) for k, stride in sizes]
    with torch.no_grad():
        for layer in layers:
            layer.weight.abs_()
    network, expected = nn.Sequential(*layers), {}
    reach, jump = 1, 1
    for place, (kernel, stride) in enumerate(sizes):
        reach += (kernel - 1) * dilation * jump
        jump *= stride
        expected[str(place)] = (reach, reach)
    assert pixels_seen(network, _images(2, 96), list(expected)) == expected


def test_attention_sees_everything() -> None:
    network, images = networks()["attention"]
    assert pixels_seen(network, images, ["first", "query"]) == {"first": (3, 3), "query": (3, 3)}
    softened = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.Conv2d(2, 1, 1))
    assert pixels_seen(softened, _images(2, 12), ["0", "1"])["1"] == (12, 12)


def test_a_place_of_g_changes_what_the_kernels_spread_it_to() -> None:
    """A transposed convolution makes (n - 1) stride + kernel of n places."""
    layers = [nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1) for _ in range(2)]
    network = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), *layers)
    z = torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    found = pixels_changed(network, z, ["0", "1", "2"])
    assert found == {"0": (10, 10), "1": (4, 4), "2": (1, 1)}


@pytest.mark.parametrize(
    ("kind", "in_training", "in_use"),
    [
        ("residual", ("blocks.0.norm", "blocks.1.norm"), ()),
        ("minibatch", ("1",), ("1",)),
        ("normalised", ("1",), ()),
        ("attention", (), ()),
    ],
)
def test_where_the_batch_matters(
    kind: str, in_training: tuple[str, ...], in_use: tuple[str, ...]
) -> None:
    network, _ = networks()[kind]
    images = _images(9, 8)
    graph = trace(network, images)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    network.train()
    for training, expected in ((True, in_training), (False, in_use)):
        found = where_the_batch_matters(network, graph, images, training=training)
        assert found == expected
    assert all(each.training for each in network.modules())
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())


def test_dead_and_duplicated_units_are_counted() -> None:
    network = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 1))
    weight, bias = network[0].weight, network[0].bias
    assert bias is not None
    with torch.no_grad():
        weight[1] = 0  # a constant
        weight[3], bias[3] = -2 * weight[2], 1.0  # the same with another sign and size
    images = _images(40, 8)
    found = vitals(network, trace(network, images), images).set_index("name")
    assert found.loc["0", ["num_units", "num_dead", "num_duplicates"]].tolist() == [6, 1, 1]
    maps = network[1](network[0](images)).detach()
    assert found.loc["1", "sparsity"] == pytest.approx(float((maps == 0).float().mean()))


def test_the_rank_is_the_participation_ratio_of_the_eigenvalues() -> None:
    network = nn.Sequential(nn.Linear(8, 5), nn.Linear(5, 1))
    inputs = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
    found = vitals(network, trace(network, inputs), inputs).set_index("name")
    outputs = network[0](inputs).detach().double()
    values = torch.linalg.eigvalsh(outputs.T.cov(correction=0))
    assert found.loc["0", "rank"] == pytest.approx(float(values.sum() ** 2 / values.square().sum()))
    weight = network[0].weight.detach().double()
    assert found.loc["0", "gain"] == pytest.approx(float(weight.square().mean() * 8) ** 0.5)


@pytest.mark.parametrize("num_inputs", [5, 63, 64])
def test_of_few_values_no_units_are_called_copies(num_inputs: int) -> None:
    """Of five values many of 500 units go together by chance alone."""
    network = nn.Sequential(nn.Linear(16, 500), nn.Linear(500, 1))
    inputs = torch.randn(num_inputs, 16, generator=torch.Generator().manual_seed(0))
    row = vitals(network, trace(network, inputs), inputs).set_index("name").loc["0"]
    assert np.isnan(row["num_duplicates"]) if num_inputs < 64 else row["num_duplicates"] == 0
    assert row["possible"] == min(16, num_inputs - 1)
    assert row["rank"] <= row["possible"]


def test_a_large_network_is_measured_in_smaller_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Sequential(nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(180, 1))
    inputs = torch.randn(21, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    graph = trace(network, inputs)
    assert graph.entries == 64 + 180 * 3 + 1 + 1
    sizes = []
    network.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
    whole = vitals(network, graph, inputs, lambda made: made[:, 0])
    monkeypatch.setattr("ganatomy.explain.structure.vitals._ENTRIES", 200)
    pd.testing.assert_frame_equal(vitals(network, graph, inputs, lambda made: made[:, 0]), whole)
    assert sizes == [4, 16, 5, 4, 4, 4, 4, 4, 4, 1]


def test_gradients_are_of_the_score() -> None:
    """Of a linear network: each input's gradient is the weight, and CAM the product."""
    network = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Linear(4, 1))
    inputs = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    found = vitals(network, trace(network, inputs), inputs, lambda made: made[:, 0])
    row = found.set_index("name").loc["0"]
    weight = network[1].weight.detach()[0]
    assert row["gradient"] == pytest.approx(float(weight.norm()), rel=1e-5)
    expected = (network[0](inputs).detach() @ weight).abs().mean()
    assert row["cam"] == pytest.approx(float(expected), rel=1e-5)


def _chain(names: list[str], *more: tuple[str, str], size: int = 4) -> NetworkGraph:
    parts = [Part(name, "Conv2d", name, (1, size, size)) for name in [INPUT, *names, OUTPUT]]
    order = [part.name for part in parts]
    edges = sorted({*pairwise(order), *more}, key=lambda edge: order.index(edge[0]))
    return NetworkGraph(tuple(parts), tuple(edges), 0)


def test_deep_modules_are_folded_first_and_all_of_a_depth_at_once() -> None:
    names = [f"body.{block}.{layer}" for block in range(6) for layer in range(5)]
    block_of = blocks(_chain(names), 10)
    assert set(block_of.values()) == {INPUT, OUTPUT, *(f"body.{block}" for block in range(6))}
    few = blocks(_chain(names), 40)
    assert all(name == block for name, block in few.items())


def test_what_something_leaves_to_come_back_is_not_folded() -> None:
    names = ["a.0", "b", "a.1", "c.0", "c.1"]
    graph = _chain(names)
    assert not is_convex(graph, {"a.0", "a.1"})
    block_of = blocks(graph, 6)
    assert block_of["a.0"] == "a.0"
    assert block_of["c.0"] == block_of["c.1"] == "c"
    assert folded(graph, block_of)[1][-1] == ("c", OUTPUT)


def test_a_long_row_without_modules_is_folded_by_the_size_of_its_maps() -> None:
    parts = [Part(INPUT, INPUT, "", (1, 8, 8))]
    parts += [Part(str(n), "Conv2d", str(n), (1, 8 >> n // 20, 8)) for n in range(60)]
    parts.append(Part(OUTPUT, OUTPUT, "", ()))
    order = [part.name for part in parts]
    graph = NetworkGraph(tuple(parts), tuple(pairwise(order)), 0)
    names, edges = folded(graph, blocks(graph, 26))
    assert names == [INPUT, "0 to 19", "20 to 39", "40 to 59", OUTPUT]
    assert edges == list(pairwise(names))


def test_boxes_stand_below_each_other_and_none_on_another() -> None:
    graph = _chain(["a", "b", "c", "d"], ("a", "d"))
    names = [part.name for part in graph.parts]
    layout = laid_out(names, list(graph.edges))
    assert list(layout.curves) == list(graph.edges)
    for source, target in graph.edges:
        assert layout.places[source][1] < layout.places[target][1]
    for one in names:
        for other in set(names) - {one}:
            across, down = (abs(a - b) for a, b in zip(layout.places[one], layout.places[other]))
            assert across >= WIDTH or down >= HEIGHT
    assert all(0 <= x <= layout.width for x, _ in layout.places.values())
    assert all(0 <= y <= layout.height for _, y in layout.places.values())
    assert layout == laid_out(names, list(graph.edges))
