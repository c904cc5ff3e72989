"""Factors that overlap and are as strong as each other, and where nothing tells them apart."""

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.explain.directions.found_again import matched, shared
from ganatomy.explain.directions.methods import jacobian
from ganatomy.explain.directions.untangling import joint_rotation, untangled
from tests.unit.explain.directions.planted import DIM, SIDE, Disc, Linear, factors


class Lights(nn.Module):
    """Four round lights that reach into each other, each a factor, all as strong."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.own = factors(4, seed)
        axis = torch.arange(SIDE) - (SIDE - 1) / 2
        angles = torch.arange(4) * torch.pi / 2 + seed
        across, down = 4 * angles.cos(), 4 * angles.sin()
        far = (axis[None, None] - across[:, None, None]).square()
        far = far + (axis[None, :, None] - down[:, None, None]).square()
        lights = (-far / 12).exp().flatten(1)
        self.lights = lights / lights.norm(dim=1, keepdim=True)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images of shape (n, 1, SIDE, SIDE) in [-1, 1]."""
        bent: torch.Tensor = (z @ self.own.T @ self.lights).tanh()
        return bent.view(len(z), 1, SIDE, SIDE)


def found(generator: nn.Module, seed: int, num_untangled: int) -> torch.Tensor:
    z = torch.randn(200, DIM, generator=torch.Generator().manual_seed(seed))
    return jacobian(generator, z, DIM, num_images=1500, num_untangled=num_untangled).directions


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_equal_factors_that_overlap_are_told_apart(seed: int) -> None:
    planted = factors(4, seed).double()
    mixed, apart = (found(Lights(seed), seed, count)[:4] for count in (0, 5))
    assert shared(planted, mixed) > 0.99
    assert matched(planted, mixed).min() < 0.8
    assert matched(planted, apart).min() > 0.95


@pytest.mark.parametrize("seed", [20, 21, 22, 23, 24, 25])
def test_factors_of_different_strengths_are_not_harmed(seed: int) -> None:
    planted, disc = factors(4, seed).double(), Disc(seed)
    before, after = (matched(planted, found(disc, seed, count)[:4]).min() for count in (0, 5))
    assert after > before - 0.002


def test_what_does_not_differ_between_latents_turns_nothing() -> None:
    """Of a linear generator J is the same everywhere, up to rounding."""
    generator = Linear((2.0, 2.0, 2.0))
    assert torch.equal(found(generator, 0, 5), found(generator, 0, 0))


def test_noise_turns_nothing() -> None:
    draw = torch.Generator().manual_seed(0)
    steps = torch.randn(40, DIM, 30, generator=draw, dtype=torch.float64)
    grams = steps @ steps.transpose(1, 2)
    directions = torch.eye(DIM, dtype=torch.float64)[:5]
    assert untangled(directions, grams) is directions
    assert untangled(directions, 0 * grams) is directions
    assert untangled(directions, grams[:4]) is directions


def test_matrices_with_common_eigenvectors_are_made_diagonal() -> None:
    draw = np.random.default_rng(3)
    own = np.linalg.qr(draw.normal(size=(5, 5)))[0]
    matrices = np.stack([own @ np.diag(draw.normal(size=5)) @ own.T for _ in range(6)])
    rotation = joint_rotation(matrices)
    assert np.allclose(rotation.T @ rotation, np.eye(5))
    diagonal = rotation.T @ matrices @ rotation
    assert np.abs(diagonal - diagonal * np.eye(5)).max() < 1e-6
    assert np.allclose(np.abs(own.T @ rotation).max(0), 1)


def test_turned_directions_stand_in_the_order_of_their_strength() -> None:
    turned = found(Lights(20), 20, 5)
    assert torch.allclose(turned @ turned.T, torch.eye(DIM).double(), atol=1e-9)
    z = torch.randn(200, DIM, generator=torch.Generator().manual_seed(20))[:115]
    slopes = 1 - Lights(20)(z).square().flatten(1)  # of tanh
    changes = (turned.float() @ Lights(20).own.T @ Lights(20).lights)[:, None] * slopes
    sizes = changes.square().sum((1, 2))[:4]
    assert torch.equal(sizes.argsort(descending=True), torch.arange(4))
