"""Shapes, ranges and what explanations rely on."""

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.networks import IMAGE_SIZES, Discriminator, Generator, convolutions


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("latent_dim", [1, 16])
def test_generator_gives_images(size: int, channels: int, latent_dim: int) -> None:
    network = Generator(size, channels, latent_dim, 4)
    images = network(10 * torch.randn(5, latent_dim))
    assert images.shape == (5, channels, size, size)
    assert images.dtype == torch.float32
    assert float(images.detach().abs().max()) <= 1
    assert network(torch.randn(2, latent_dim)).requires_grad


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_discriminator_gives_one_logit_each(size: int, channels: int) -> None:
    network = Discriminator(size, channels, 4)
    logits = network(torch.rand(5, channels, size, size) * 2 - 1)
    assert logits.shape == (5,)
    assert network.eval()(torch.zeros(1, channels, size, size)).shape == (1,)


def test_logits_are_not_squashed() -> None:
    network = Discriminator(28, 1, 4).eval()
    with torch.no_grad():
        network.logit.weight.mul_(1000)
        logits = network(torch.rand(20, 1, 28, 28) * 2 - 1)
    assert float(logits.abs().max()) > 1


def _used(network: nn.Module, inputs: torch.Tensor) -> nn.Module:
    """With BatchNorm statistics that differ from the initial ones."""
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(3):
            network.train()(inputs * 1.3)
    return network


@pytest.mark.parametrize("size", [28, 32, 64])
def test_logits_do_not_depend_on_batch_mates_in_eval_mode(size: int) -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(6, 1, size, size, generator=draw) * 2 - 1
    network = _used(Discriminator(size, 1, 4), images)
    with torch.no_grad():
        together = network.eval()(images)
        alone = torch.cat([network(image[None]) for image in images])
        in_training = network.train()(images)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
    assert float((in_training - together).abs().max()) > 1e-3  # where it does


def test_images_do_not_depend_on_batch_mates_in_eval_mode() -> None:
    z = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
    network = _used(Generator(28, 1, 8, 4), z)
    with torch.no_grad():
        together = network.eval()(z)
        alone = torch.cat([network(one[None]) for one in z])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [0, 27, 48, 128])
def test_other_sizes_are_refused(size: int) -> None:
    for build in (lambda: Generator(size, 1, 8, 4), lambda: Discriminator(size, 1, 4)):
        with pytest.raises(InputError, match="28, 32, 64") as caught:
            build()
        assert str(size) in caught.value.what


@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_no_activation_is_in_place(size: int) -> None:
    for network in (Generator(size, 1, 8, 4), Discriminator(size, 1, 4)):
        activations = [m for m in network.modules() if isinstance(m, (nn.ReLU, nn.LeakyReLU))]
        assert activations
        assert not any(module.inplace for module in activations)


@pytest.mark.parametrize("size", [28, 32, 64])
def test_width_is_that_of_the_outer_layers(size: int) -> None:
    doublings = {28: 2, 32: 3, 64: 4}[size]
    of_d = convolutions(Discriminator(size, 3, 6))
    assert [layer.out_channels for layer in of_d.values()] == [6 * 2**k for k in range(doublings)]
    of_g = convolutions(Generator(size, 3, 8, 6))
    expected = [6 * 2**k for k in reversed(range(doublings - 1))] + [3]
    assert [layer.out_channels for layer in of_g.values()] == expected


@pytest.mark.parametrize("size", [28, 32, 64])
def test_convolutions_are_named_in_forward_order(size: int) -> None:
    for network, inputs in (
        (Generator(size, 1, 8, 4), torch.randn(2, 8)),
        (Discriminator(size, 1, 4), torch.zeros(2, 1, size, size)),
    ):
        ran: list[nn.Module] = []
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                module.register_forward_hook(lambda module, *_, ran=ran: ran.append(module))
        network(inputs)
        named = convolutions(network)
        assert list(named.values()) == ran
        assert len(ran) == {28: 2, 32: 3, 64: 4}[size]
        assert all(network.get_submodule(name) is module for name, module in named.items())
