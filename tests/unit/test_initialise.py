"""Initial weights depend on the seed, the purpose and the parameter's name alone."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from ganatomy.initialise import initialise, scaled


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


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Linear(400, 300), 400),
        (nn.Conv2d(20, 60, 5), 20 * 25),
        (nn.Conv2d(20, 60, 5, groups=4), 5 * 25),
        (nn.ConvTranspose2d(60, 20, 4, 2), 60 * 4),
        (nn.ConvTranspose2d(60, 20, 4, 2, groups=2), 30 * 4),
    ],
)
def test_gain_is_relative_to_the_fan_in(layer: nn.Module, fan_in: int) -> None:
    network = nn.Sequential(scaled(layer, 3.0))
    initialise(network, 0, "g")
    weight = network.get_parameter("0.weight").detach().double()
    expected = 3 / fan_in**0.5
    assert abs(float(weight.std()) / expected - 1) < 4 / (2 * weight.numel()) ** 0.5
    assert abs(float(weight.mean())) < 4 * expected / weight.numel() ** 0.5
    assert not network.get_parameter("0.bias").any()


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(50, 50),
        nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular"),
        nn.ConvTranspose2d(32, 8, 4, 2, 1),
    ],
)
def test_gain_one_keeps_the_size_of_signals(layer: nn.Module) -> None:
    """What the fan-in is for, inside a map and on average over draws."""
    draw = torch.Generator().manual_seed(0)
    shape = (20, 50) if isinstance(layer, nn.Linear) else (20, layer.weight.shape[0], 8, 8)
    sizes = []
    for seed in range(10):
        initialise(scaled(layer, 1.0), seed, "g")
        with torch.no_grad():
            found = layer(torch.randn(shape, generator=draw))
        inner = found if found.ndim == 2 else found[..., 2:-2, 2:-2]
        sizes.append(float(inner.square().mean()))
    assert 0.9 < sum(sizes) / len(sizes) < 1.1


def test_zero_gain_is_zero() -> None:
    network = nn.Sequential(scaled(nn.Linear(5, 5), 0.0))
    initialise(network, 0, "g")
    assert not network.get_parameter("0.weight").any()


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm, lambda n: nn.GroupNorm(1, n)])
def test_gains_of_every_normalisation_are_near_one(norm: Callable[[int], nn.Module]) -> None:
    network = nn.Sequential(norm(1000))
    initialise(network, 0, "g")
    values = network.get_parameter("0.weight").detach()
    assert abs(float(values.mean()) - 1) < 0.003
    assert 0.018 < float(values.std()) < 0.022


def test_spectral_norm_does_not_change_what_is_drawn() -> None:
    plain, normalised = _network(), _network()
    for index in (0, 2):
        nn.utils.parametrizations.spectral_norm(normalised[index])
    for network in (plain, normalised):
        initialise(network, 5, "g")
    found = dict(normalised.named_parameters())
    for name, value in plain.named_parameters():
        same = name.replace(".weight", ".parametrizations.weight.original")
        assert torch.equal(found[same if same in found else name], value)


def test_a_network_that_is_one_normalised_layer() -> None:
    plain, normalised = nn.Linear(4, 3), nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))
    for network in (plain, normalised):
        initialise(network, 5, "g")
    assert torch.equal(normalised.parametrizations.weight.original, plain.weight)


def test_singular_vectors_belong_to_the_weights_that_were_drawn() -> None:
    layer = nn.utils.parametrizations.spectral_norm(nn.Linear(30, 10))
    initialise(layer, 5, "g")
    largest = torch.linalg.svdvals(layer.eval().weight.detach())[0]
    assert abs(float(largest) - 1) < 0.05
