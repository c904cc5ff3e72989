"""Grad-CAM against Captum's, and against its formula where the gradient is known."""

import numpy as np
import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.gradcam import gradcam
from ganatomy.explain.targets import GeneratorThenDiscriminator, Target, d_logit, d_logit_of_g
from ganatomy.gan.networks import Discriminator, Generator, convolutions


def _used(network: nn.Module, inputs: torch.Tensor) -> nn.Module:
    """In double precision, with BatchNorm statistics that differ from the initial ones."""
    network.double().train()
    with torch.no_grad():
        for _ in range(3):
            network(inputs)
    return network.eval()


def _images(size: int, channels: int = 1, count: int = 3) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, size, size, generator=draw, dtype=torch.float64) * 2 - 1


def _captum(
    model: nn.Module, layer: str, inputs: torch.Tensor, size: tuple[int, int]
) -> torch.Tensor:
    cam = LayerGradCam(model, model.get_submodule(layer)).attribute(inputs)
    upsampled = LayerAttribution.interpolate(cam, size, "bilinear")
    return upsampled.detach()[:, 0]


def _close(found: torch.Tensor, expected: torch.Tensor) -> None:
    scale = float(expected.abs().max())
    assert scale > 0
    torch.testing.assert_close(found.double() / scale, expected / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (64, 1)])
def test_discriminator_agrees_with_captum(size: int, channels: int) -> None:
    torch.manual_seed(0)
    images = _images(size, channels)
    network = _used(Discriminator(size, channels, 4), images)
    layers = list(convolutions(network))
    maps = gradcam(d_logit(network), layers, images, (size, size))
    assert list(maps) == layers
    for name in layers:
        assert maps[name].shape == (3, size, size)
        assert maps[name].dtype == torch.float32
        _close(maps[name], _captum(network, name, images, (size, size)))


@pytest.mark.parametrize("size", [28, 32])
def test_composite_agrees_with_captum(size: int) -> None:
    torch.manual_seed(0)
    z = torch.randn(4, 6, dtype=torch.float64)
    generator = _used(Generator(size, 1, 6, 4), z)
    discriminator = _used(Discriminator(size, 1, 4), generator(z).detach())
    composite = GeneratorThenDiscriminator(generator, discriminator).eval()
    layers = [f"generator.{name}" for name in convolutions(generator)]
    layers += [f"discriminator.{name}" for name in convolutions(discriminator)]
    maps = gradcam(d_logit_of_g(generator, discriminator), layers, z, (size, size))
    for name in layers:
        _close(maps[name], _captum(composite, name, z, (size, size)))


def test_the_sign_is_kept() -> None:
    """A layer that passes the image on: the gradient's mean is the weights' mean."""
    weights = torch.full((1, 16), 0.25)
    network = nn.Sequential(
        nn.Identity(), nn.Flatten(), nn.Linear(16, 1, bias=False), nn.Flatten(0)
    )
    images = torch.linspace(-1, 1, 16).view(1, 1, 4, 4)
    for sign in (1, -1):
        with torch.no_grad():
            network[2].weight.copy_(sign * weights)
        maps = gradcam(Target("t", network, network), ["0"], images, (4, 4))
        torch.testing.assert_close(maps["0"], sign * 0.25 * images[:, 0])


def test_gradient_is_averaged_over_each_images_own_map() -> None:
    weights = torch.tensor([[1.0, 2.0, 3.0, 6.0]])
    network = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(4, 1, bias=False), nn.Flatten(0))
    with torch.no_grad():
        network[2].weight.copy_(weights)
    squared = Target("square", network, lambda images: network(images) ** 2)
    images = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 2.0]]).view(2, 1, 2, 2)
    maps = gradcam(squared, ["0"], images, (2, 2))["0"]
    # d(y^2)/dx = 2 y w: y is 1 and 12, the mean of w is 3
    np.testing.assert_allclose(maps[0], [[6, 0], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(maps[1], [[0, 0], [0, 144]], rtol=1e-6)


def test_batch_mates_do_not_matter() -> None:
    torch.manual_seed(0)
    images = _images(28)
    network = _used(Discriminator(28, 1, 4), images).train()
    layers = list(convolutions(network))
    together = gradcam(d_logit(network), layers, images, (28, 28))
    alone = gradcam(d_logit(network), layers, images[1:2], (28, 28))
    for name in layers:
        _close(together[name][1:2], alone[name].double())


def test_network_and_inputs_are_given_back_as_they_were() -> None:
    network = Discriminator(28, 1, 4).train()
    network.logit.weight.requires_grad_(False)
    images = _images(28).float()
    state = {name: value.clone() for name, value in network.state_dict().items()}
    gradcam(d_logit(network), list(convolutions(network)), images, (28, 28))
    assert all(module.training for module in network.modules())
    assert [n for n, p in network.named_parameters() if not p.requires_grad] == ["logit.weight"]
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert not images.requires_grad
    assert images.grad is None


def test_network_is_given_back_after_an_error() -> None:
    network = Discriminator(28, 1, 4).train()

    def fail(images: torch.Tensor) -> torch.Tensor:
        network(images)
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        gradcam(Target("t", network, fail), ["layers.0"], _images(28).float(), (28, 28))
    assert all(module.training for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())


def test_works_where_gradients_are_switched_off() -> None:
    network = Discriminator(28, 1, 4).eval()
    images = _images(28).float()
    expected = gradcam(d_logit(network), ["layers.0"], images, (28, 28))
    with torch.no_grad():
        found = gradcam(d_logit(network), ["layers.0"], images, (28, 28))
    assert torch.equal(found["layers.0"], expected["layers.0"])
    assert not found["layers.0"].requires_grad


def test_in_place_activation_behind_a_layer() -> None:
    torch.manual_seed(0)
    conv, linear = nn.Conv2d(1, 3, 3), nn.Linear(3 * 36, 1)
    maps = []
    for inplace in (False, True):
        network = nn.Sequential(
            conv, nn.LeakyReLU(0.2, inplace=inplace), nn.Flatten(), linear, nn.Flatten(0)
        )
        maps.append(gradcam(Target("t", network, network), ["0"], _images(8).float(), (8, 8))["0"])
    assert torch.equal(maps[0], maps[1])


def test_unknown_layer_names_the_valid_ones() -> None:
    network = Discriminator(28, 1, 4)
    with pytest.raises(InputError, match=r"no layer 'layers\.9'") as caught:
        gradcam(d_logit(network), ["layers.9"], _images(28).float(), (28, 28))
    assert all(name in caught.value.remedy for name in convolutions(network))
    assert "Discriminator" in caught.value.where


@pytest.mark.parametrize(
    "shape", [lambda y: y[:, None], lambda y: y.sum(), lambda y: y[:-1], lambda y: y.expand(2, -1)]
)
def test_target_of_another_shape_is_refused(shape: object) -> None:
    assert callable(shape)
    network = Discriminator(28, 1, 4)
    target = Target("odd one", network, lambda images: shape(network(images)))
    with pytest.raises(ValueError, match=r"target odd one gave .* not one per input"):
        gradcam(target, ["layers.0"], _images(28).float(), (28, 28))


def test_layer_without_a_map_is_refused() -> None:
    network = Discriminator(28, 1, 4)
    with pytest.raises(ValueError, match=r"layer logit returns \(3, 1\), not a feature map"):
        gradcam(d_logit(network), ["logit"], _images(28).float(), (28, 28))


def test_targets_are_named_scalars() -> None:
    generator, discriminator = Generator(28, 1, 6, 4).eval(), Discriminator(28, 1, 4).eval()
    z = torch.randn(3, 6)
    of_d, of_g = d_logit(discriminator), d_logit_of_g(generator, discriminator)
    assert (of_d.name, of_g.name) == ("d_logit", "d_logit_of_g")
    with torch.no_grad():
        assert of_d.score(generator(z)).shape == (3,)
        torch.testing.assert_close(of_g.score(z), discriminator(generator(z)))
