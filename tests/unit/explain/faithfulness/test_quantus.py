"""Ours against Quantus (Hedström et al. 2023, arXiv 2202.06861).

Quantus wants classifiers: (n, classes), and puts a softmax on them unless told not to. A
discriminator has one logit, of which softmax makes 1 whatever the image. What agrees, with a second
column beside the logit and ``softmax=False``:

- each point of our deletion curve but the first (nothing removed yet, which Quantus leaves out) is
  that of `PixelFlipping` with the same order, the same steps and the same baseline;
- our linear imputation is that of its `ROAD`, without noise. Its ROAD score itself is an accuracy
  and not comparable to a difference of logits.
"""

import numpy as np
import pytest
import torch
from quantus.functions.perturb_func import noisy_linear_imputation
from quantus.metrics.faithfulness.pixel_flipping import PixelFlipping
from torch import nn

from ganatomy.explain.faithfulness.removal import deletion_insertion
from ganatomy.explain.faithfulness.road import linear_fill
from ganatomy.explain.networks.targets import Target

COUNT, SIZE, STEPS = 3, 12, 9


class OneLogit(nn.Module):
    """As our discriminators: images to logits of shape (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3, stride=2)
        self.head = nn.Linear(100, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(torch.tanh(self.convolution(images)).flatten(1))
        return logits[:, 0]


class Columns(nn.Module):
    """The logit as one column, or as the first of two."""

    def __init__(self, discriminator: nn.Module, number: int) -> None:
        super().__init__()
        self.discriminator, self.number = discriminator, number

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = self.discriminator(images)
        return torch.stack([logits, torch.zeros_like(logits)][: self.number], 1)


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _discriminator() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return OneLogit().eval()


def _flipping(
    model: nn.Module, images: torch.Tensor, maps: torch.Tensor, softmax: bool
) -> np.ndarray:
    metric = PixelFlipping(
        features_in_step=SIZE * SIZE // STEPS,
        normalise=False,
        perturb_baseline=-1.0,  # type: ignore[arg-type]
        disable_warnings=True,
    )
    curves = metric(
        model=model,
        x_batch=images.numpy(),
        y_batch=np.zeros(COUNT, dtype=int),
        a_batch=maps[:, None].numpy(),
        softmax=softmax,
        device="cpu",
    )
    return np.array(curves)


@pytest.mark.parametrize("columns", [1, 2])
def test_deletion_curve_is_that_of_pixel_flipping(columns: int) -> None:
    network, images, maps = (
        _discriminator(),
        _random(COUNT, 1, SIZE, SIZE),
        _random(COUNT, SIZE, SIZE),
    )
    maps = maps.flip(2)
    target = Target("d_logit", network, network)
    curves = deletion_insertion(
        target, images, {"m": maps}, fill=torch.tensor(-1.0), num_steps=STEPS
    )
    expected = _flipping(Columns(network, columns).eval(), images, maps, softmax=False)
    assert expected.shape == (COUNT, STEPS)
    assert expected.std(1).min() > 0.01
    np.testing.assert_allclose(curves["m"].deletion[:, 1:], expected, atol=1e-5)
    with torch.no_grad():
        np.testing.assert_allclose(curves["m"].deletion[:, 0], network(images), atol=1e-5)


def test_softmax_over_one_logit_would_see_a_constant() -> None:
    network, images = _discriminator(), _random(COUNT, 1, SIZE, SIZE)
    curves = _flipping(Columns(network, 1).eval(), images, images[:, 0], softmax=True)
    assert (curves == 1).all()


def test_linear_imputation_is_that_of_its_road() -> None:
    images = _random(COUNT, 1, SIZE, SIZE)
    removed = _random(COUNT, SIZE, SIZE, seed=2) > -0.2
    found = linear_fill(images, removed)
    for image, gone, filled in zip(images, removed, found):
        indices = np.flatnonzero(gone.numpy())
        expected = noisy_linear_imputation(image.numpy(), indices, noise=0)  # type: ignore[arg-type]
        np.testing.assert_allclose(filled, expected, atol=2e-4)
