"""Spectral norm against exact singular values."""

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.networks.spectral import apply_spectral_norm
from ganatomy.initialise import initialise
from tests.unit.gan.networks.both import NAMES, discriminator, images

both = pytest.mark.parametrize("name", NAMES)
LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def _normalised(name: str, num_classes: int = 0, global_seed: int = 0) -> nn.Module:
    torch.manual_seed(global_seed)
    network = discriminator(name, 28, num_classes)
    apply_spectral_norm(network, 0)
    initialise(network, 0, "discriminator")
    return network


def _layers(network: nn.Module) -> dict[str, nn.Module]:
    return {name: each for name, each in network.named_modules() if isinstance(each, LAYERS)}


def _largest_singular_value(layer: nn.Module, weight: torch.Tensor) -> float:
    if isinstance(layer, nn.ConvTranspose2d):
        weight = weight.transpose(0, 1)
    return float(torch.linalg.svdvals(weight.detach().flatten(1).double())[0])


@both
def test_largest_singular_values_become_one(name: str) -> None:
    network = _normalised(name, num_classes=3)
    for _ in range(20):
        network(images(2, 28))
    layers = _layers(network.eval())
    assert len(layers) >= 4
    for each, layer in layers.items():
        assert _largest_singular_value(layer, layer.weight) == pytest.approx(1, rel=0.02), each


def test_transposed_convolutions_are_seen_by_output_channel() -> None:
    network = nn.Sequential(nn.ConvTranspose2d(3, 5, 4), nn.Linear(2, 2))
    apply_spectral_norm(network, 0)
    initialise(network, 0, "d")
    for _ in range(50):
        value = network[0].weight
    assert _largest_singular_value(network[0], value) == pytest.approx(1, rel=0.02)


@both
def test_the_weights_under_it_are_those_of_the_plain_network(name: str) -> None:
    plain = dict(discriminator(name, 28).named_parameters())
    normalised = _layers(_normalised(name).eval())
    for each, layer in normalised.items():
        original = layer.parametrizations.weight.original
        assert torch.equal(original, plain[f"{each}.weight"])
        largest = _largest_singular_value(layer, original)
        torch.testing.assert_close(layer.weight, original / largest, rtol=0.05, atol=0)


@both
def test_builds_of_equal_seed_are_equal_whatever_ran_before(name: str) -> None:
    one, other = (_normalised(name, global_seed=seed).state_dict() for seed in (1, 2))
    assert any(each.endswith("_u") for each in one)
    assert all(torch.equal(one[each], other[each]) for each in one)


def test_vectors_depend_on_the_seed_alone() -> None:
    def vector(seed: int, global_seed: int) -> torch.Tensor:
        network = nn.Sequential(nn.Linear(30, 20))
        nn.init.eye_(network[0].weight)  # every vector is singular: power iteration keeps it
        torch.manual_seed(global_seed)
        apply_spectral_norm(network, seed)
        return network.state_dict()["0.parametrizations.weight.0._u"]

    assert torch.equal(vector(1, 1), vector(1, 2))
    assert not torch.allclose(vector(1, 1), vector(2, 1))


def test_the_global_generator_is_left_alone() -> None:
    network = discriminator("dcgan", 28)
    before = torch.get_rng_state()
    apply_spectral_norm(network, 0)
    initialise(network, 0, "d")
    assert torch.equal(torch.get_rng_state(), before)


@both
def test_vectors_move_in_train_mode_only(name: str) -> None:
    network = _normalised(name)

    def vectors() -> list[torch.Tensor]:
        return [v.clone() for each, v in network.named_buffers() if each.endswith(("_u", "_v"))]

    first = vectors()
    network.eval()(images(2, 28))
    assert all(torch.equal(one, other) for one, other in zip(first, vectors()))
    network.train()(images(2, 28))
    assert any(not torch.equal(one, other) for one, other in zip(first, vectors()))


@both
def test_one_power_iteration_for_each_forward(name: str) -> None:
    """Also for the layer whose weight is rearranged."""
    plain, last = (_normalised(name, num_classes=2) for _ in range(2))
    for network in (plain, last.to(memory_format=torch.channels_last)):
        network(images(2, 28))
    for (each, one), other in zip(plain.named_buffers(), last.buffers()):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5, msg=each)


@both
def test_state_makes_another_network_equal(name: str) -> None:
    trained = _normalised(name, num_classes=3)
    trained(images(4, 28) + 0.1)
    fresh = discriminator(name, 28, 3)
    apply_spectral_norm(fresh, 1)
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh.eval()(images(4, 28)), trained.eval()(images(4, 28)))


def test_layers_that_are_normalised_already_are_left_alone() -> None:
    network = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3)), nn.Linear(3, 2)
    )
    apply_spectral_norm(network, 0)
    assert [len(layer.parametrizations.weight) for layer in network] == [1, 1]


def test_mode_of_a_network_is_left_alone() -> None:
    network = discriminator("dcgan", 28).eval()
    apply_spectral_norm(network, 0)
    initialise(network, 0, "d")
    assert not any(module.training for module in network.modules())


def test_nothing_to_normalise() -> None:
    with pytest.raises(InputError, match="Sequential has no convolution") as caught:
        apply_spectral_norm(nn.Sequential(nn.BatchNorm2d(3)), 0)
    assert caught.value.where == "spectral_norm"


def test_a_zero_weight_cannot_be_normalised() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    network[1].init_gain = 0.0
    apply_spectral_norm(network, 0)
    with pytest.raises(InputError, match=r"initial weight 1\.weight is zero"):
        initialise(network, 0, "d")
