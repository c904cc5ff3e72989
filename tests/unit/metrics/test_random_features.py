"""Random features are fixed by their seed and keep where things are."""

import numpy as np
import pytest
import torch
from scipy import signal

from ganatomy.metrics.random_features import RandomFeatures


def test_same_seed_same_weights() -> None:
    torch.manual_seed(1)
    one = RandomFeatures(3, seed=5).state_dict()
    torch.manual_seed(2)
    two, other = RandomFeatures(3, seed=5).state_dict(), RandomFeatures(3, seed=6).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_nothing_can_be_trained() -> None:
    network = RandomFeatures(1)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training


@pytest.mark.parametrize("size", [28, 32, 64])
def test_features_are_two_convolutions_averaged_over_a_grid(size: int) -> None:
    network = RandomFeatures(3, num_filters=2).double()
    image = torch.rand(1, 3, size, size, dtype=torch.float64) * 2 - 1
    hidden = image[0].numpy()
    for layer in (network.first, network.second):
        kernels, biases = layer.weight.numpy(), layer.bias.numpy()
        hidden = np.stack(
            [
                np.maximum(
                    sum(signal.correlate2d(h, k, "same") for h, k in zip(hidden, kernel)) + bias, 0
                )
                for kernel, bias in zip(kernels, biases)
            ]
        )
    side = size // 4
    cells = hidden.reshape(2, 4, side, 4, side).mean((2, 4))
    np.testing.assert_allclose(network(image)[0], cells.ravel(), rtol=1e-9, atol=1e-12)


def test_a_shift_of_the_content_shows() -> None:
    image = torch.full((1, 1, 28, 28), -1.0)
    image[..., 2:6, 2:6] = 1
    features = RandomFeatures(1).features
    moved = features(image.roll((14, 14), (2, 3)))
    assert float((features(image) - moved).abs().max()) > 0.1
