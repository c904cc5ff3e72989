"""Occlusion and integrated gradients against captum's."""

import pytest
import torch
from captum.attr import IntegratedGradients, Occlusion
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.maps.integrated_gradients import integrated_gradients
from ganatomy.explain.maps.occlusion import occlusion
from ganatomy.explain.networks.targets import Target


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _network(channels: int) -> Target:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(channels, 6, 3, stride=2, bias=False),
            nn.BatchNorm2d(6),
            nn.Tanh(),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.LazyLinear(1),
        )
        network(_random(8, channels, 10, 12))
    return Target("small", network, lambda images: network(images)[:, 0])


@pytest.mark.parametrize("side", [1, 3, 4, 5, 20])
@pytest.mark.parametrize("channels", [1, 3])
def test_occlusion_is_captums(side: int, channels: int) -> None:
    target = _network(channels)
    images, fill = _random(3, channels, 10, 12), _random(3, channels, 10, 12, seed=1)
    found = occlusion(target, images, side, fill=fill, batch_size=7)
    target.model.eval()
    height, width = min(side, 10), min(side, 12)
    window = (channels, height, width)
    expected = Occlusion(target.score).attribute(images, window, strides=window, baselines=fill)
    torch.testing.assert_close(found, expected[:, 0].detach().float(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("batch_size", [7, 16, 1000])
def test_integrated_gradients_are_captums(batch_size: int) -> None:
    target = _network(3)
    images, fill = _random(3, 3, 10, 12), _random(3, 3, 10, 12, seed=1)
    found = integrated_gradients(target, images, fill, num_steps=16, batch_size=batch_size)
    target.model.eval()
    expected = IntegratedGradients(target.score).attribute(images, fill, n_steps=16).sum(1)
    torch.testing.assert_close(found, expected.detach().float(), rtol=0, atol=1e-5)


def test_integrated_gradients_are_complete() -> None:
    target = _network(1)
    images, fill = _random(3, 1, 10, 12), torch.tensor(-1.0)
    found = integrated_gradients(target, images, fill)
    target.model.eval()
    with torch.no_grad():
        fall = target.values(images) - target.values(fill.expand_as(images))
    assert fall.abs().min() > 0.01
    torch.testing.assert_close(found.sum((1, 2)), fall, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", ["occlusion", "integrated_gradients"])
def test_the_network_is_given_back_as_it_was(method: str) -> None:
    target, images = _network(1), _random(2, 1, 10, 12)
    target.model.train()
    before = {name: value.clone() for name, value in target.model.state_dict().items()}

    def explain() -> torch.Tensor:
        if method == "occlusion":
            return occlusion(target, images, 4, fill=-images)
        return integrated_gradients(target, images, -images, num_steps=4)

    first = explain()
    assert torch.equal(first, explain())  # dropout or batch statistics would show
    assert not first.requires_grad
    assert not images.requires_grad
    assert all(module.training for module in target.model.modules())
    assert all(parameter.grad is None for parameter in target.model.parameters())
    assert all(
        torch.equal(value, before[name]) for name, value in target.model.state_dict().items()
    )


def test_windows_of_no_pixels_are_refused() -> None:
    images = _random(1, 1, 10, 12)
    with pytest.raises(InputError, match="windows of 0 pixels"):
        occlusion(_network(1), images, 0, fill=images)
