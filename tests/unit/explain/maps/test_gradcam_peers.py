"""The same figures as Captum, torch-cam and pytorch-grad-cam, on networks that they can handle."""

from collections.abc import Callable

import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from pytorch_grad_cam import (  # type: ignore[import-untyped]
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
)
from pytorch_grad_cam.base_cam import BaseCAM  # type: ignore[import-untyped]
from torch import nn
from torch.nn import functional
from torchcam import methods as torchcam

from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.networks.targets import Chain, Target, d_logit, d_logit_of_g, region
from ganatomy.gan.networks import convolutions, dcgan, resnet
from ganatomy.gan.networks.spectral import apply_spectral_norm


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
    run: Callable[..., torch.Tensor],
    layer: nn.Module,
    inputs: torch.Tensor,
    size: int,
    more: torch.Tensor | None = None,
) -> torch.Tensor:
    cam = LayerGradCam(run, layer).attribute(inputs, additional_forward_args=more)
    upsampled: torch.Tensor = LayerAttribution.interpolate(cam, (size, size), "bilinear")
    return upsampled.detach()[:, 0]


def _close(found: torch.Tensor, expected: torch.Tensor, scale: float | None = None) -> None:
    scale = float(expected.abs().max()) if scale is None else scale
    assert scale > 0
    torch.testing.assert_close(found.double() / scale, expected / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize("networks", [dcgan, resnet])
@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (64, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_every_layer_of_d_is_as_captums(
    networks: object, size: int, channels: int, layout: torch.memory_format
) -> None:
    torch.manual_seed(0)
    images = _images(size, channels)
    network = _used(networks.Discriminator(size, channels, 4), images).to(memory_format=layout)  # type: ignore[attr-defined]
    layers = list(convolutions(network))
    assert len(layers) >= 2
    cams = gradcam(d_logit(network), layers, images, size=(size, size))
    for name in layers:
        expected = _captum(network, network.get_submodule(name), images, size)
        _close(cams.maps["gradcam"][name], expected)


@pytest.mark.parametrize("networks", [dcgan, resnet])
@pytest.mark.parametrize("num_classes", [0, 3])
def test_every_layer_of_g_then_d_is_as_captums(networks: object, num_classes: int) -> None:
    """Latents are 2-D; the last entries are a one-hot class if there are any."""
    torch.manual_seed(0)
    z = torch.randn(4, 6, dtype=torch.float64)
    z = torch.cat([z, torch.eye(3, dtype=torch.float64)[[0, 1, 2, 0], :num_classes]], 1)
    generator = _used(networks.Generator(28, 1, 6, 4, num_classes), z)  # type: ignore[attr-defined]
    images = generator(z).detach()
    discriminator = _used(networks.Discriminator(28, 1, 4, num_classes), images)  # type: ignore[attr-defined]
    composite = Chain(generator=generator, discriminator=discriminator).eval()
    layers = list(convolutions(composite))
    cams = gradcam(d_logit_of_g(generator, discriminator), layers, z, size=(28, 28))
    for name in layers:
        _close(cams.maps["gradcam"][name], _captum(composite, composite.get_submodule(name), z, 28))


def test_d_that_takes_labels_is_as_captums() -> None:
    torch.manual_seed(0)
    images, labels = _images(28), torch.full((3,), 2)
    network = _used(dcgan.Discriminator(28, 1, 4, 3), images)
    cams = gradcam(d_logit(network, class_index=2), ["layers.2"], images, size=(28, 28))
    layer = network.get_submodule("layers.2")
    _close(cams.maps["gradcam"]["layers.2"], _captum(network, layer, images, 28, labels))
    without = gradcam(d_logit(network), ["layers.2"], images, size=(28, 28))
    difference = without.maps["gradcam"]["layers.2"] - cams.maps["gradcam"]["layers.2"]
    assert float(difference.abs().max()) > 1e-3 * float(cams.maps["gradcam"]["layers.2"].max())


def test_d_with_spectral_norm_is_as_captums() -> None:
    torch.manual_seed(0)
    images = _images(28)
    network = resnet.Discriminator(28, 1, 4)
    apply_spectral_norm(network, 0)
    _used(network, images)
    layers = list(convolutions(network))
    cams = gradcam(d_logit(network), layers, images, size=(28, 28))
    for name in layers:
        _close(
            cams.maps["gradcam"][name], _captum(network, network.get_submodule(name), images, 28)
        )


def test_a_region_of_g_is_as_captums() -> None:
    torch.manual_seed(0)
    z = torch.randn(3, 6, dtype=torch.float64)
    generator = _used(dcgan.Generator(28, 1, 6, 4), z)
    mask = torch.zeros(28, 28, dtype=torch.bool)
    mask[4:9, 10:20] = True

    def brightness(z: torch.Tensor) -> torch.Tensor:
        inside: torch.Tensor = generator(z)[:, 0, 4:9, 10:20]
        return inside.mean((1, 2))

    cams = gradcam(region(generator, mask, "r"), ["layers.0"], z, size=(28, 28))
    expected = _captum(brightness, generator.get_submodule("layers.0"), z, 28)
    _close(cams.maps["gradcam"]["layers.0"], expected)


class _Column(nn.Module):
    """Logits of shape (n, 1), which is what classifiers' libraries ask for; large ones, so that
    what pytorch-grad-cam adds to a denominator against division by zero does not count."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = 1e8 * self.network(images)
        return logits[:, None]


def _column(networks: object, images: torch.Tensor) -> tuple[_Column, Target]:
    torch.manual_seed(0)
    network = _Column(_used(networks.Discriminator(28, 1, 4), images)).eval()  # type: ignore[attr-defined]
    return network, Target("t", network, lambda images: network(images)[:, 0])


# torch-cam 0.5's GradCAMpp divides a copy and throws it away: pytorch-grad-cam's is the peer
@pytest.mark.parametrize(("ours", "theirs"), [("gradcam", "GradCAM"), ("layercam", "LayerCAM")])
@pytest.mark.parametrize("networks", [dcgan, resnet])
def test_positive_parts_are_as_torchcams(networks: object, ours: str, theirs: str) -> None:
    images = _images(28)
    network, target = _column(networks, images)
    layers = list(convolutions(network))
    cams = gradcam(target, layers, images, size=(28, 28), methods=[ours])
    with getattr(torchcam, theirs)(network, layers) as extractor:
        found = extractor(class_idx=0, scores=network(images), normalized=False)
    assert sum(float(low.max()) > 0 for low in found) > len(layers) / 2
    for name, low in zip(layers, found):
        side = low.shape[-1]
        own = gradcam(target, [name], images, size=(side, side), methods=[ours]).maps[ours][name]
        scale = float(own.abs().max())
        _close(own.clamp_min(0), low, scale)
        upsampled = functional.interpolate(
            own[:, None], (28, 28), mode="bilinear", align_corners=False
        )
        _close(cams.maps[ours][name], upsampled[:, 0].double(), scale)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("gradcam", GradCAM),
        ("gradcam++", GradCAMPlusPlus),
        ("hirescam", HiResCAM),
        ("layercam", LayerCAM),
    ],
)
@pytest.mark.parametrize("networks", [dcgan, resnet])
def test_maps_are_as_pytorch_grad_cams(networks: object, ours: str, theirs: type[BaseCAM]) -> None:
    """Before its ReLU and rescaling, which lose sign and magnitude."""
    images = _images(28)
    network, target = _column(networks, images)
    lowest = 0.0
    for name in convolutions(network):
        layer = network.get_submodule(name)
        with theirs(network, [layer]) as cam:
            cam(images, [lambda output: output[0]] * len(images))
            activation = cam.activations_and_grads.activations[0].numpy()
            gradient = cam.activations_and_grads.gradients[0].numpy()
            low = cam.get_cam_image(images, layer, None, activation, gradient, False)
        side = low.shape[-1]
        own = gradcam(target, [name], images, size=(side, side), methods=[ours]).maps[ours][name]
        _close(own, torch.from_numpy(low))
        lowest = min(lowest, float(low.min()))
    assert lowest < 0
