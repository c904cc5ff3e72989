"""Layers are captured or replaced for a block; the network is given back as it was."""

import gc
import tracemalloc
import weakref
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.hooks import captured, replaced, undisturbed


@pytest.fixture
def network() -> nn.Sequential:
    """Of mixed modes and gradients, so that restoring them can be seen."""
    layers = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.ReLU(), nn.Dropout(0.5))
    )
    layers.train()
    layers[1].eval()
    layers[0].weight.requires_grad_(False)
    return layers


def _state(network: nn.Module) -> tuple[list[bool], list[bool], int]:
    modules = list(network.modules())
    return (
        [module.training for module in modules],
        [parameter.requires_grad for parameter in network.parameters()],
        sum(len(module._forward_hooks) for module in modules),
    )


IMAGES = torch.linspace(-1, 1, 50).view(2, 1, 5, 5)

InBlock = Callable[[nn.Sequential], None]


def _in_undisturbed(network: nn.Sequential) -> None:
    with undisturbed(network):
        network(IMAGES)


def _in_captured(network: nn.Sequential) -> None:
    with captured(network, ["0", "2.0"]):
        network(IMAGES)


def _in_replaced(network: nn.Sequential) -> None:
    with replaced(network, {"0": torch.neg, "2.0": torch.neg}):
        network(IMAGES)


def _failing(in_block: InBlock) -> InBlock:
    """The same, with a network that fails behind all of its hooks."""

    def fail(network: nn.Sequential) -> None:
        handle = network.register_forward_hook(_raise)
        try:
            in_block(network)
        finally:
            handle.remove()

    return fail


def _raise(*_: object) -> None:
    raise KeyboardInterrupt


BLOCKS = [_in_undisturbed, _in_captured, _in_replaced]


def test_outputs_are_those_of_the_layers(network: nn.Sequential) -> None:
    network.eval()
    first = network[0](IMAGES)
    expected = {"0": first, "1": network[1](first), "2.0": network[1](first).relu()}
    with captured(network, list(expected)) as outputs:
        assert outputs == {}
        result = network(IMAGES)
        torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(result, network(IMAGES))


@pytest.mark.parametrize("block", [undisturbed, lambda net: captured(net, ["0"])])
def test_inside_it_is_frozen_and_in_eval_mode(network: nn.Sequential, block: object) -> None:
    assert callable(block)
    network.training = False  # of the whole only: its parts are in train mode
    with block(network):
        modes, gradients, _ = _state(network)
        assert not any(modes)
        assert not any(gradients)


@pytest.mark.parametrize("in_block", BLOCKS)
def test_all_is_restored(network: nn.Sequential, in_block: InBlock) -> None:
    before = _state(network)
    values = {name: value.clone() for name, value in network.state_dict().items()}
    assert set(before[0]) == set(before[1]) == {True, False}
    assert before[2] == 0
    in_block(network)
    assert _state(network) == before
    with pytest.raises(KeyboardInterrupt):
        _failing(in_block)(network)
    assert _state(network) == before
    assert all(torch.equal(value, values[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("fails", [False, True])
def test_gradients_stay_what_they_were(network: nn.Sequential, fails: bool) -> None:
    held = torch.ones(2)
    network[0].bias.grad = held

    def inside() -> None:
        with undisturbed(network):
            network[0].bias.requires_grad_()
            network[1].weight.requires_grad_()
            network[0].bias.grad = None
            network(IMAGES).sum().backward()
            assert network[0].bias.grad is not held
            assert network[1].weight.grad is not None
            if fails:
                raise KeyError

    with suppress(KeyError):
        inside()
    assert network[0].bias.grad is held
    assert held.tolist() == [1, 1]
    assert network[1].weight.grad is None


def test_blocks_may_be_nested(network: nn.Sequential) -> None:
    before = _state(network)
    with undisturbed(network):
        with captured(network, ["0"]) as outer, replaced(network, {"1": torch.zeros_like}):
            assert float(network(IMAGES).abs().max()) == 0
        assert set(outer) == {"0"}
        modes, gradients, hooks = _state(network)
        assert not any(modes)
        assert not any(gradients)
        assert hooks == 0
    assert _state(network) == before


def test_other_hooks_stay(network: nn.Sequential) -> None:
    calls: list[int] = []
    network[0].register_forward_hook(lambda *_: calls.append(1))
    with captured(network, ["0"]):
        network(IMAGES)
    network(IMAGES)
    assert calls == [1, 1]


def test_the_network_goes_on_with_what_replaces_an_output(network: nn.Sequential) -> None:
    network.eval()
    expected = network[2](network[1](3 * network[0](IMAGES)) + 1)
    with replaced(network, {"0": lambda output: 3 * output, "1": lambda output: output + 1}):
        result = network(IMAGES)
    torch.testing.assert_close(result, expected)
    assert float((result - network(IMAGES)).detach().abs().max()) > 0.1


def test_in_place_layer_behind_does_not_overwrite() -> None:
    conv = nn.Conv2d(1, 2, 3)
    network = nn.Sequential(conv, nn.ReLU(inplace=True))
    with captured(network, ["0", "1"]) as outputs, torch.no_grad():
        network(IMAGES)
    torch.testing.assert_close(outputs["0"], conv(IMAGES).detach())
    assert float(outputs["0"].min()) < 0
    torch.testing.assert_close(outputs["1"], conv(IMAGES).detach().relu())


def test_of_a_layer_that_runs_twice_the_last_output_stays() -> None:
    conv = nn.Conv2d(1, 1, 1)
    network = nn.Sequential(conv, conv)
    with captured(network, ["0"]) as outputs:
        result = network(IMAGES)
    torch.testing.assert_close(outputs["0"], conv(conv(IMAGES)))
    torch.testing.assert_close(outputs["0"], result)


def test_a_layer_is_found_by_each_of_its_names_and_the_whole_by_none() -> None:
    conv = nn.Conv2d(1, 1, 1)
    network = nn.Sequential(conv, nn.Tanh(), conv)
    with captured(network, ["2", ""]) as outputs:
        result = network(IMAGES)
    torch.testing.assert_close(outputs["2"], result)
    torch.testing.assert_close(outputs[""], result)


def test_unknown_layer_names_the_valid_ones_nearest_first(network: nn.Sequential) -> None:
    before = _state(network)
    for block in (captured(network, ["0", "2.7"]), replaced(network, {"0": abs, "2.7": abs})):
        with pytest.raises(InputError, match=r"no layer '2\.7'") as caught, block:
            pass
        names = caught.value.remedy.removeprefix("Layers, the nearest first: ")[:-1].split(", ")
        assert set(names[:2]) == {"2.0", "2.1"}
        assert sorted(names) == ["0", "1", "2", "2.0", "2.1"]
        assert caught.value.where == "Sequential"
        assert _state(network) == before


def test_a_layer_that_returns_no_tensor_is_refused() -> None:
    network = nn.Sequential(nn.LSTM(5, 3))
    with (
        pytest.raises(InputError, match=r"layer '0' returns a tuple, not a tensor.*LSTM"),
        captured(network, ["0"]),
    ):
        network(torch.zeros(2, 1, 5))


@pytest.mark.parametrize("fails", [False, True])
def test_a_thousand_blocks_leave_nothing_behind(fails: bool) -> None:
    """Each call's activations are 130 KB: kept ones would be 130 MB."""
    network = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
    images = torch.rand(8, 1, 16, 16)
    alive: list[weakref.ref[torch.Tensor]] = []

    def call() -> None:
        with captured(network, ["0", "1"]) as outputs:
            network(images.requires_grad_())
            alive.append(weakref.ref(outputs["0"]))
            if fails:
                raise ValueError

    def calls(count: int) -> None:
        for _ in range(count):
            with suppress(ValueError):
                call()

    process = psutil.Process()
    calls(50)
    gc.collect()
    tensors = _num_tensors()
    rss = process.memory_info().rss
    tracemalloc.start()
    calls(10)
    before = tracemalloc.get_traced_memory()[0]
    alive.clear()
    calls(1000)
    assert sum(each() is not None for each in alive) <= 1  # without the garbage collector's help
    alive.clear()
    gc.collect()
    python_bytes = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert _state(network)[2] == 0
    assert _num_tensors() <= tensors
    assert python_bytes < 50_000
    assert process.memory_info().rss - rss < 20 * 2**20


def _num_tensors() -> int:
    return sum(isinstance(each, torch.Tensor) for each in gc.get_objects())


def test_an_exported_program_runs_in_the_mode_that_it_was_exported_in() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).eval()
    images = torch.randn(3, 1, 8, 8)
    program = torch.export.export(network, (images,)).module()
    assert program.training
    with undisturbed(program):
        assert not program.training
        assert torch.equal(program(images), network(images))
        assert not any(each.requires_grad for each in program.parameters())
    assert all(module.training for module in program.modules())
    assert all(each.requires_grad for each in program.parameters())
