"""Initial weights depend on the seed, the purpose and the parameter's name alone."""

import torch
from torch import nn

from ganatomy.initialise import initialise


def _network(extra: int = 0, width: int = 64) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4), nn.BatchNorm2d(width), nn.Linear(50, 200)]
    return nn.Sequential(*layers, *(nn.Linear(5, 5) for _ in range(extra)))


def _weights(seed: int, purpose: str, extra: int = 0) -> dict[str, torch.Tensor]:
    network = _network(extra)
    initialise(network, seed, purpose)
    return {name: value.detach() for name, value in network.named_parameters()}


def test_what_ran_before_does_not_matter() -> None:
    torch.manual_seed(1)
    first = _weights(5, "generator")
    torch.manual_seed(2)
    torch.rand(10)
    second = _weights(5, "generator")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_deeper_network_shares_the_layers_in_common() -> None:
    shallow, deep = _weights(5, "g"), _weights(5, "g", extra=2)
    assert set(shallow) < set(deep)
    assert all(torch.equal(shallow[name], deep[name]) for name in shallow)


def test_seed_and_purpose_and_name_each_matter() -> None:
    one = _weights(0, "g", extra=2)
    assert not torch.equal(one["3.weight"], one["4.weight"])
    for other in (_weights(1, "g", extra=2), _weights(0, "d", extra=2)):
        differ = [name for name in one if not torch.equal(one[name], other[name])]
        assert differ == [name for name in one if not name.endswith("bias")]


def test_distributions_are_those_of_dcgan() -> None:
    weights = _weights(0, "g")
    for name, mean in (("0.weight", 0.0), ("2.weight", 0.0), ("1.weight", 1.0)):
        values = weights[name].double()
        error = 0.02 / values.numel() ** 0.5
        assert abs(float(values.mean()) - mean) < 4 * error, name
        assert abs(float(values.std()) - 0.02) < 4 * error / 2**0.5, name
    assert all(not value.any() for name, value in weights.items() if name.endswith("bias"))


def test_parameters_of_the_network_itself_are_drawn_too() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.full((1000,), 7.0))

    network = Scaled()
    initialise(network, 0, "g")
    assert 0.018 < float(network.scale.detach().std()) < 0.022
