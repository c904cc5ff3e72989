"""What was followed, against autograd's graph and torchinfo's counts."""

from functools import cache

import numpy as np
import pytest
import torch
import torchinfo
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph, Part
from ganatomy.explain.structure.modules import layers_in_order
from ganatomy.explain.structure.tracing import trace
from tests.unit.explain.structure.edges import edges_by_autograd, edges_of_layers
from tests.unit.explain.structure.networks import networks

known = cache(networks)
KINDS = list(known())


@pytest.mark.parametrize("kind", KINDS)
def test_every_edge_is_one_of_autograds(kind: str) -> None:
    network, inputs = known()[kind]
    graph = trace(network, inputs)
    assert edges_of_layers(graph) == edges_by_autograd(network, inputs)
    assert [part.name for part in graph.parts][:: len(graph.parts) - 1] == [INPUT, OUTPUT]
    assert all(graph.place[source] < graph.place[target] for source, target in graph.edges)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_and_parameters_are_torchinfos(kind: str) -> None:
    network, inputs = known()[kind]
    graph = trace(network, inputs)
    about = torchinfo.summary(network, input_data=inputs, verbose=0, depth=20)
    assert graph.num_parameters == about.total_params
    assert sum(part.parameters for part in graph.parts) == graph.num_parameters
    names = {id(each): name for name, each in network.named_modules()}
    compared = 0
    for info in about.summary_list:
        name = names.get(info.layer_id, "")
        if name and name in graph.place and info.output_size:
            assert graph[name].shape == tuple(info.output_size[1:])
            compared += 1
    assert compared >= sum(bool(part.module) for part in graph.parts) - 2


@pytest.mark.parametrize("kind", ["u-net", "residual", "resnet", "densenet", "mobilenet"])
def test_multiplications_are_those_of_convolutions_and_matrices(kind: str) -> None:
    """Counted by hand: places of the output times the weights that each takes."""
    network, inputs = known()[kind]
    graph = trace(network, inputs)
    for part in graph.parts:
        layer = network.get_submodule(part.module) if part.module else None
        if isinstance(layer, nn.ConvTranspose2d):
            assert part.macs == layer.weight.numel() * np.prod(_given(graph, part).shape[1:])
        elif isinstance(layer, nn.Conv2d):
            assert part.macs == layer.weight.numel() * np.prod(part.shape[1:])
        elif isinstance(layer, nn.Linear):
            assert part.macs == layer.weight.numel()


def _given(graph: NetworkGraph, part: Part) -> Part:
    (source,) = graph.before(part.name)
    return graph[source]


def test_what_goes_round_is_a_skip() -> None:
    graph = trace(*known()["residual"])
    assert graph.skips == (("first", "blocks.0.add"), ("blocks.0.relu", "blocks.1.add"))
    assert trace(*known()["branched"]).skips == ()


def test_what_goes_round_is_what_an_activation_in_place_left() -> None:
    graph = trace(*known()["overwritten"])
    assert graph.before("shortcut") == graph.before("inside") == ["activation"]
    assert graph.before("activation") == ["first"]


def test_a_network_is_given_back_as_it_was() -> None:
    network, inputs = networks()["normalised"]
    network.train()
    before = {name: each.clone() for name, each in network.state_dict().items()}
    trace(network, inputs)
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
    assert all(each.training for each in network.modules())
    assert not any(each._forward_hooks for each in network.modules())


def test_a_layer_that_does_nothing_in_use_stands_in_its_place() -> None:
    graph = trace(*known()["in place"])
    assert graph.before("2") == ["1"]
    assert graph.after("2") == ["3"]
    assert graph["2"].kind == "Dropout"


def test_a_parameter_between_layers_makes_a_part_of_an_operation() -> None:
    graph = trace(*known()["attention"])
    assert graph["multiply"].parameters == 1


class _Detached(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layer(torch.tensor((inputs * 2).tolist()))
        return logits


def test_what_cannot_be_followed_is_told_and_its_layers_are_known() -> None:
    with pytest.raises(InputError, match="does not depend on what it is given"):
        trace(_Detached(), torch.ones(2, 3))
    graph = layers_in_order(_Detached(), torch.ones(2, 3))
    assert [(part.name, part.shape) for part in graph.parts] == [
        (INPUT, (3,)),
        ("layer", (1,)),
        (OUTPUT, (1,)),
    ]
    assert graph.num_parameters == 4
    assert not graph.edges


def test_a_graph_comes_back_from_its_record() -> None:
    graph = trace(*known()["u-net"])
    assert NetworkGraph.of_record(graph.as_record()) == graph
