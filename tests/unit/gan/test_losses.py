"""Losses against torch's own binary cross-entropy, closed forms and finite differences."""

import math

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.losses import LOSSES, discriminator_bce, generator_bce, loss_named

BCE = nn.BCEWithLogitsLoss()
REAL, FAKE = [2.0, -0.5, 0.25], [-3.0, 0.5, 0.75]


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


def test_discriminator_bce(logits: tuple[torch.Tensor, torch.Tensor]) -> None:
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


def test_generator_bce(logits: tuple[torch.Tensor, torch.Tensor]) -> None:
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


def _minus_log_sigmoid(x: float) -> float:
    return -math.log(1 / (1 + math.exp(-x)))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


DIFFERENCES = [2.0 + 3.0, -0.5 - 0.5, 0.25 - 0.75]


@pytest.mark.parametrize(
    ("name", "of_discriminator", "of_generator"),
    [
        (
            "bce",
            _mean([_minus_log_sigmoid(x) for x in REAL])
            + _mean([_minus_log_sigmoid(-x) for x in FAKE]),
            _mean([_minus_log_sigmoid(x) for x in FAKE]),
        ),
        # reals miss the margin by 0, 1.5, 0.75; fakes by 0, 1.5, 1.75
        ("hinge", 2.25 / 3 + 3.25 / 3, 1.75 / 3),
        ("wgan", -1.75 / 3 - 1.75 / 3, 1.75 / 3),
        (
            "relativistic",
            _mean([_minus_log_sigmoid(x) for x in DIFFERENCES]),
            _mean([_minus_log_sigmoid(-x) for x in DIFFERENCES]),
        ),
    ],
)
def test_closed_form(name: str, of_discriminator: float, of_generator: float) -> None:
    loss = loss_named(name)
    real = torch.tensor(REAL, dtype=torch.float64)
    fake = torch.tensor(FAKE, dtype=torch.float64)
    assert float(loss.discriminator(real, fake)) == pytest.approx(of_discriminator, rel=1e-12)
    assert float(loss.generator(fake, real)) == pytest.approx(of_generator, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_the_finite_differences(name: str) -> None:
    loss = loss_named(name)
    real = torch.tensor(REAL, dtype=torch.float64, requires_grad=True)
    fake = torch.tensor(FAKE, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(loss.generator, (fake, real))


@pytest.mark.parametrize("name", LOSSES)
def test_generator_looks_at_reals_only_where_it_says_so(name: str) -> None:
    loss = loss_named(name)
    fake = torch.tensor(FAKE)
    one, two = loss.generator(fake, torch.tensor(REAL)), loss.generator(fake, torch.zeros(3))
    assert loss.needs_real == (float(one) != float(two))


def test_relativistic_pairs_are_by_position() -> None:
    loss = loss_named("relativistic")
    real, fake = torch.tensor([0.0, 9.0]), torch.tensor([0.0, 9.0])
    assert float(loss.discriminator(real, fake)) == pytest.approx(math.log(2), rel=1e-6)
    swapped = (_minus_log_sigmoid(9) + _minus_log_sigmoid(-9)) / 2
    assert float(loss.discriminator(real, fake.flip(0))) == pytest.approx(swapped, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "of_discriminator", "of_generator"),
    [
        ("bce", 2e4, 1e4),
        ("hinge", 2e4 + 2, 1e4),
        ("wgan", 2e4, 1e4),
        ("relativistic", 2e4, 2e4),
    ],
)
def test_large_logits_stay_finite_in_single_precision(
    name: str, of_discriminator: float, of_generator: float
) -> None:
    """D takes fakes for real and reals for fake; G's fakes are found out."""
    loss = loss_named(name)
    low = torch.full((2,), -1e4, requires_grad=True)
    high = torch.full((2,), 1e4, requires_grad=True)
    d_loss, g_loss = loss.discriminator(low, high), loss.generator(low, high)
    assert float(d_loss.detach()) == pytest.approx(of_discriminator)
    assert float(g_loss.detach()) == pytest.approx(of_generator)
    for value in (d_loss, g_loss):
        gradients = torch.autograd.grad(value, (low, high), allow_unused=True)
        assert all(g is None or bool(g.isfinite().all()) for g in gradients)


def test_unknown_loss_is_named() -> None:
    with pytest.raises(InputError, match=r"'mse'.*bce, hinge, wgan, relativistic") as caught:
        loss_named("mse")
    assert caught.value.where == "loss"
