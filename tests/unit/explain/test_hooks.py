"""Layers are captured for the length of a block; the network is given back as it was."""

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.hooks import captured


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


def test_outputs_are_those_of_the_layers(network: nn.Sequential) -> None:
    network.eval()
    first = network[0](IMAGES)
    expected = {"0": first, "1": network[1](first), "2.0": network[2][0](network[1](first))}
    with captured(network, list(expected)) as outputs:
        assert outputs == {}
        result = network(IMAGES)
        torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(result, network(IMAGES))


def test_inside_it_is_frozen_and_in_eval_mode(network: nn.Sequential) -> None:
    with captured(network, ["0"]):
        modes, gradients, _ = _state(network)
        assert not any(modes)
        assert not any(gradients)


def test_all_is_restored(network: nn.Sequential) -> None:
    before = _state(network)
    assert set(before[0]) == set(before[1]) == {True, False}
    with captured(network, ["0", "2.0"]):
        network(IMAGES)
    assert _state(network) == before
    assert before[2] == 0


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_all_is_restored_after_an_error(error: type[BaseException], network: nn.Sequential) -> None:
    before = _state(network)

    def fail() -> None:
        with captured(network, ["0", "2.0"]):
            raise error

    with pytest.raises(error):
        fail()
    assert _state(network) == before


def test_other_hooks_stay(network: nn.Sequential) -> None:
    calls: list[int] = []
    network[0].register_forward_hook(lambda *_: calls.append(1))
    with captured(network, ["0"]):
        network(IMAGES)
    network(IMAGES)
    assert calls == [1, 1]


def test_in_place_layer_behind_does_not_overwrite() -> None:
    conv = nn.Conv2d(1, 2, 3)
    network = nn.Sequential(conv, nn.ReLU(inplace=True))
    with captured(network, ["0", "1"]) as outputs, torch.no_grad():
        network(IMAGES)
    torch.testing.assert_close(outputs["0"], conv(IMAGES).detach())
    assert float(outputs["0"].min()) < 0
    torch.testing.assert_close(outputs["1"], conv(IMAGES).detach().relu())


def test_unknown_layer_names_the_valid_ones(network: nn.Sequential) -> None:
    before = _state(network)
    with (
        pytest.raises(InputError, match=r"no layer '2\.7'.*0, 1, 2, 2\.0, 2\.1"),
        captured(network, ["0", "2.7"]),
    ):
        pass
    assert _state(network) == before
