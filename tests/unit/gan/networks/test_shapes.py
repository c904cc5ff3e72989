"""Shapes, ranges and what explanations rely on, of every architecture."""

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.networks import IMAGE_SIZES, convolutions
from ganatomy.gan.networks.spectral import apply_spectral_norm
from tests.unit.gan.networks.both import (
    CONVOLUTIONS,
    MODULES,
    NAMES,
    discriminator,
    generator,
    images,
    latents,
    used,
)

both = pytest.mark.parametrize("name", NAMES)
sizes = pytest.mark.parametrize("size", IMAGE_SIZES)
DOUBLINGS = {28: 2, 32: 3, 64: 4, 128: 5}


@both
@sizes
@pytest.mark.parametrize("channels", [1, 3])
def test_generator_gives_images(name: str, size: int, channels: int) -> None:
    network = generator(name, size, channels=channels)
    found = network(10 * latents(3))
    assert found.shape == (3, channels, size, size)
    assert found.dtype == torch.float32
    assert float(found.detach().abs().max()) <= 1
    assert found.requires_grad


@both
@sizes
@pytest.mark.parametrize("channels", [1, 3])
def test_discriminator_gives_one_logit_each(name: str, size: int, channels: int) -> None:
    network = discriminator(name, size, channels=channels)
    assert network(images(3, size, channels)).shape == (3,)
    assert network.eval()(images(1, size, channels)).shape == (1,)


@both
def test_one_latent_dimension_is_enough(name: str) -> None:
    assert MODULES[name].Generator(28, 1, 1, 4)(torch.randn(2, 1)).shape == (2, 1, 28, 28)


@both
def test_logits_are_not_squashed(name: str) -> None:
    network = discriminator(name, 28).eval()
    with torch.no_grad():
        network.get_parameter("logit.weight").mul_(1000)
        logits = network(images(20, 28))
    assert float(logits.abs().max()) > 1


@both
@pytest.mark.parametrize("size", [28, 64])
def test_logits_do_not_depend_on_batch_mates_in_eval_mode(name: str, size: int) -> None:
    real = images(6, size)
    network = used(discriminator(name, size), real)
    with torch.no_grad():
        together = network.eval()(real)
        alone = torch.cat([network(image[None]) for image in real])
        in_training = network.train()(real)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
    assert (float((in_training - together).abs().max()) > 1e-3) == (name == "dcgan")  # BatchNorm


@both
def test_images_do_not_depend_on_batch_mates_in_eval_mode(name: str) -> None:
    z = latents(6)
    network = used(generator(name, 28), z)
    with torch.no_grad():
        together = network.eval()(z)
        alone = torch.cat([network(one[None]) for one in z])
    spread = float(together.std(0).mean())
    assert spread > 1e-4
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-2 * spread)


@both
@pytest.mark.parametrize("size", [0, 27, 48, 256])
def test_other_sizes_are_refused(name: str, size: int) -> None:
    for build in (generator, discriminator):
        with pytest.raises(InputError, match="28, 32, 64, 128") as caught:
            build(name, size)
        assert str(size) in caught.value.what


@both
def test_no_activation_is_in_place(name: str) -> None:
    for network in (generator(name, 32), discriminator(name, 32)):
        activations = [m for m in network.modules() if isinstance(m, (nn.ReLU, nn.LeakyReLU))]
        assert activations
        assert not any(module.inplace for module in activations)


@sizes
def test_width_is_that_of_the_outer_layers_of_a_dcgan(size: int) -> None:
    of_d = convolutions(discriminator("dcgan", size))
    assert [d.out_channels for d in of_d.values()] == [4 * 2**k for k in range(DOUBLINGS[size])]
    of_g = convolutions(generator("dcgan", size))
    expected = [4 * 2**k for k in reversed(range(DOUBLINGS[size] - 1))] + [1]
    assert [layer.out_channels for layer in of_g.values()] == expected


@sizes
def test_width_is_that_of_the_outer_layers_of_a_resnet(size: int) -> None:
    of_d = list(convolutions(discriminator("resnet", size)).values())
    of_g = list(convolutions(generator("resnet", size)).values())
    widest = 4 * 2 ** (DOUBLINGS[size] - 1)
    assert (of_d[0].out_channels, of_d[-1].out_channels) == (4, widest)
    assert (of_g[0].in_channels, of_g[-1].in_channels, of_g[-1].out_channels) == (widest, 4, 1)


@both
@sizes
@pytest.mark.parametrize("spectral_norm", [False, True])
def test_convolutions_are_named_in_forward_order(name: str, size: int, spectral_norm: bool) -> None:
    cases = [(discriminator(name, size), images(2, size))]
    if spectral_norm:
        apply_spectral_norm(cases[0][0], 0)
    else:
        cases.append((generator(name, size), latents(2)))
    for network, inputs in cases:
        ran: list[nn.Module] = []
        for module in network.modules():
            if isinstance(module, CONVOLUTIONS):
                module.register_forward_hook(lambda module, *_, ran=ran: ran.append(module))
        network(inputs)
        named = convolutions(network)
        assert list(named.values()) == ran
        assert len(ran) >= DOUBLINGS[size]
        assert not any("parametrizations" in layer for layer in named)
        assert all(network.get_submodule(layer) is module for layer, module in named.items())


def test_parameters_of_a_dcgan_keep_their_names() -> None:
    """Weights are drawn by name, and files of earlier runs hold these."""
    assert [name for name, _ in generator("dcgan", 28).named_parameters()] == [
        *("project.weight", "norm.weight", "norm.bias", "layers.0.weight"),
        *("layers.1.weight", "layers.1.bias", "layers.3.weight", "layers.3.bias"),
    ]
    assert [name for name, _ in discriminator("dcgan", 28).named_parameters()] == [
        *("layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.3.weight"),
        *("layers.3.bias", "logit.weight", "logit.bias"),
    ]


@both
def test_signals_neither_vanish_nor_explode_at_the_start(name: str) -> None:
    """Whatever the depth; without normalisation N(0, 0.02) would shrink them by 1e4."""
    spreads = []
    for size in (28, 128):
        with torch.no_grad():
            logits = discriminator(name, size)(images(20, size))
            fakes = generator(name, size)(latents(20))
        spreads += [float(logits.std()), float(fakes.std(0).mean())]
    assert all(0.003 < spread < 3 for spread in spreads), spreads
