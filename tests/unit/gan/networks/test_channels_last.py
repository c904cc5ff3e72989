"""channels_last in, channels_last all the way, forwards and backwards."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from ganatomy.gan.networks.channels_last import FlatLinear, is_channels_last, laid_out_for
from ganatomy.gan.networks.spectral import apply_spectral_norm
from tests.unit.gan.networks.both import NAMES, discriminator, generator, images, latents


def _layouts(network: nn.Module, inputs: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """Every feature map and the gradient at it, by the name of the module that made it."""
    found: list[tuple[str, torch.Tensor]] = []

    def watch(name: str, output: torch.Tensor) -> None:
        if output.ndim == 4 and output.shape[1] > 1:  # one channel lies the same in both layouts
            found.append((name, output.detach()))
            output.register_hook(lambda gradient: found.append((f"gradient of {name}", gradient)))

    for name, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _m, _i, output, name=name: watch(name, output))
    output = network(inputs)
    output.backward(torch.randn(output.shape, generator=torch.Generator().manual_seed(0)))
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_every_map_and_its_gradient_have_the_networks_layout(
    name: str, num_classes: int, memory_format: torch.memory_format
) -> None:
    spectral = discriminator(name, 28, num_classes)
    apply_spectral_norm(spectral, 0)
    z, real = latents(5, num_classes), images(5, 28)
    for network, inputs in (
        (generator(name, 28, num_classes), z),
        (discriminator(name, 28, num_classes), real),
        (spectral, real),
    ):
        network.to(memory_format=memory_format)
        found = _layouts(network, inputs)
        assert len(found) >= 6
        assert any(each.startswith("gradient") for each, _ in found)
        wrong = [
            each for each, map_ in found if not map_.is_contiguous(memory_format=memory_format)
        ]
        assert not wrong


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("channels_last", [False, True])
def test_logit_is_that_of_a_plain_linear_layer(num_classes: int, channels_last: bool) -> None:
    network = discriminator("dcgan", 28, num_classes)
    real = images(5, 28)
    if channels_last:
        network.to(memory_format=torch.channels_last)
    found = network(real)
    hidden = network.get_submodule("layers")(real).contiguous().flatten(1)
    weight = network.get_parameter("logit.weight")
    if num_classes:
        weight = weight + network.get_parameter("embedding.weight").mean(0)
    expected = functional.linear(hidden, weight, network.get_parameter("logit.bias")).squeeze(1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_gradients_are_those_of_a_plain_linear_layer() -> None:
    draw = torch.Generator().manual_seed(0)
    hidden = torch.randn(4, 6, 3, 2, generator=draw, dtype=torch.float64)
    flat = FlatLinear(36, 5).double()
    last = hidden.contiguous(memory_format=torch.channels_last).requires_grad_()
    plain = hidden.clone().requires_grad_()
    score = torch.randn(4, 5, generator=draw, dtype=torch.float64)
    of = (flat.weight, flat.bias)
    found = torch.autograd.grad((flat(last) * score).sum(), [last, *of])
    linear = functional.linear(plain.flatten(1), flat.weight, flat.bias)
    expected = torch.autograd.grad((linear * score).sum(), [plain, *of])
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    assert is_channels_last(found[0])


def test_flat_linear_can_be_hooked_by_its_name() -> None:
    network = discriminator("dcgan", 28).to(memory_format=torch.channels_last)
    called = []
    network.get_submodule("logit").register_forward_hook(lambda *_: called.append(True))
    network(images(2, 28))
    assert called == [True]


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 3, 4, 4), (1, 2, 2, 1)])
def test_layout_is_recognised(shape: tuple[int, ...]) -> None:
    plain = torch.zeros(shape)
    assert not is_channels_last(plain)
    assert is_channels_last(plain.to(memory_format=torch.channels_last))


def test_a_contiguous_network_is_not_changed() -> None:
    hidden = torch.zeros(2, 4, 3, 3)
    layers = nn.Sequential(nn.Conv2d(4, 4, 3))
    assert laid_out_for(layers, hidden) is hidden
    assert is_channels_last(laid_out_for(layers.to(memory_format=torch.channels_last), hidden))
