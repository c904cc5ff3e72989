"""Losses against torch's own binary cross-entropy."""

import pytest
import torch
from torch import nn

from ganatomy.gan.losses import discriminator_bce, generator_bce

BCE = nn.BCEWithLogitsLoss()


@pytest.fixture(params=["usual", "extreme", "unequal counts"])
def logits(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor]:
    """Real and fake logits."""
    draw = torch.Generator().manual_seed(0)
    real = torch.randn(9, generator=draw, dtype=torch.float64)
    fake = torch.randn(9, generator=draw, dtype=torch.float64)
    if request.param == "extreme":
        real, fake = 300 * real, 300 * fake
    if request.param == "unequal counts":
        fake = fake[:4]
    return real.requires_grad_(), fake.requires_grad_()


def test_discriminator_loss(logits: tuple[torch.Tensor, torch.Tensor]) -> None:
    real, fake = logits
    expected = BCE(real, torch.ones_like(real)) + BCE(fake, torch.zeros_like(fake))
    found = discriminator_bce(real, fake)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        torch.autograd.grad(found, (real, fake)),
        torch.autograd.grad(expected, (real, fake)),
        rtol=1e-9,
        atol=1e-12,
    )


def test_generator_loss(logits: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, fake = logits
    expected = BCE(fake, torch.ones_like(fake))
    found = generator_bce(fake)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        torch.autograd.grad(found, fake),
        torch.autograd.grad(expected, fake),
        rtol=1e-9,
        atol=1e-12,
    )


def test_large_logits_stay_finite_in_single_precision() -> None:
    far = torch.tensor([-1e4, 1e4])
    assert float(discriminator_bce(far, far)) == pytest.approx(1e4)
    assert float(generator_bce(far)) == pytest.approx(5e3)
