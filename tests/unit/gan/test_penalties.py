"""Penalties on discriminators whose gradients are known, and against finite differences."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from ganatomy.gan.penalties import gradient_penalty, r1_penalty, r2_penalty

SHAPE = (2, 3, 3)


class Linear(nn.Module):
    """logit = w . x: the gradient is w, at every image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(_draw(0, *SHAPE))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images * self.weight).sum((1, 2, 3))


class Quadratic(Linear):
    """logit = (w . x)^2 / 2: the gradient is (w . x) w."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images).square() / 2


class Smooth(nn.Module):
    """A small network, smooth so that finite differences are exact enough."""

    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 3, 2),
            nn.BatchNorm2d(3) if norm else nn.Identity(),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(12, 1),
        ).double()
        with torch.no_grad():
            for seed, parameter in enumerate(self.parameters()):
                parameter.copy_(_draw(10 + seed, *parameter.shape))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(images).squeeze(1)
        return logits


def _draw(seed: int, *shape: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def _weight_gradient(penalty: torch.Tensor, discriminator: Linear) -> torch.Tensor:
    (gradient,) = torch.autograd.grad(penalty, discriminator.weight)
    return gradient


@pytest.mark.parametrize("penalty", [r1_penalty, r2_penalty])
@pytest.mark.parametrize("count", [1, 5])
def test_squared_norm_of_a_linear_discriminator(
    penalty: Callable[..., torch.Tensor], count: int
) -> None:
    discriminator = Linear()
    found = penalty(discriminator, _draw(1, count, *SHAPE))
    w = discriminator.weight.detach()
    torch.testing.assert_close(found.detach(), w.square().sum() / 2)
    torch.testing.assert_close(_weight_gradient(found, discriminator), w)


@pytest.mark.parametrize("penalty", [r1_penalty, r2_penalty])
@pytest.mark.parametrize("count", [1, 5])
def test_squared_norm_of_a_quadratic_discriminator(
    penalty: Callable[..., torch.Tensor], count: int
) -> None:
    """mean_i (w.x_i)^2 |w|^2 / 2; its gradient is mean_i (w.x_i) |w|^2 x_i + (w.x_i)^2 w."""
    discriminator, images = Quadratic(), _draw(1, count, *SHAPE)
    found = penalty(discriminator, images)
    w = discriminator.weight.detach()
    s = torch.einsum("nchw,chw->n", images, w)
    norm = w.square().sum()
    torch.testing.assert_close(found.detach(), (s.square() * norm).mean() / 2)
    expected = torch.einsum("n,nchw->chw", s * norm, images) / count + s.square().mean() * w
    torch.testing.assert_close(_weight_gradient(found, discriminator), expected)


@pytest.mark.parametrize("count", [1, 5])
def test_gradient_penalty_of_a_linear_discriminator(count: int) -> None:
    discriminator = Linear()
    images, mix = _draw(1, count, *SHAPE), torch.rand(count)
    found = gradient_penalty(discriminator, images, -images, mix)
    w = discriminator.weight.detach()
    norm = w.square().sum().sqrt()
    torch.testing.assert_close(found.detach(), (norm - 1) ** 2)
    torch.testing.assert_close(_weight_gradient(found, discriminator), 2 * (norm - 1) * w / norm)


@pytest.mark.parametrize("count", [1, 5])
def test_gradient_penalty_of_a_quadratic_discriminator(count: int) -> None:
    """With s = w.m at the mixed image m the gradient's norm is |s| |w|."""
    discriminator = Quadratic()
    real, fake = _draw(1, count, *SHAPE), _draw(2, count, *SHAPE)
    mix = torch.linspace(0.1, 0.9, count, dtype=torch.float64)
    found = gradient_penalty(discriminator, real, fake, mix)
    w = discriminator.weight.detach()
    mixed = torch.stack([m * x + (1 - m) * y for m, x, y in zip(mix, real, fake)])
    s = torch.einsum("nchw,chw->n", mixed, w)
    norm = w.square().sum().sqrt()
    off = s.abs() * norm - 1
    torch.testing.assert_close(found.detach(), off.square().mean())
    along_images = torch.einsum("n,nchw->chw", 2 * off * s.sign() * norm, mixed) / count
    expected = along_images + (2 * off * s.abs()).mean() * w / norm
    torch.testing.assert_close(_weight_gradient(found, discriminator), expected)


@pytest.mark.parametrize(("mix", "at"), [(1.0, "real"), (0.0, "fake")])
def test_gradient_penalty_at_the_ends_of_the_mix(mix: float, at: str) -> None:
    discriminator = Quadratic()
    images = {"real": _draw(1, 4, *SHAPE), "fake": _draw(2, 4, *SHAPE)}
    found = gradient_penalty(
        discriminator, images["real"], images["fake"], torch.full((4,), mix, dtype=torch.float64)
    )
    w = discriminator.weight.detach()
    norms = torch.einsum("nchw,chw->n", images[at], w).abs() * w.square().sum().sqrt()
    torch.testing.assert_close(found.detach(), (norms - 1).square().mean())


def _penalties(discriminator: nn.Module) -> dict[str, torch.Tensor]:
    real, fake = _draw(1, 4, *SHAPE), _draw(2, 4, *SHAPE)
    mix = torch.linspace(0.1, 0.9, 4, dtype=torch.float64)
    return {
        "r1": r1_penalty(discriminator, real),
        "r2": r2_penalty(discriminator, fake),
        "gradient": gradient_penalty(discriminator, real, fake, mix),
    }


@pytest.mark.parametrize("norm", [False, True], ids=["plain", "batch norm in train mode"])
@pytest.mark.parametrize("name", ["r1", "r2", "gradient"])
def test_weight_gradients_are_the_finite_differences(name: str, norm: bool) -> None:
    discriminator = Smooth(norm).train()
    weight = discriminator.layers[0].weight
    assert isinstance(weight, nn.Parameter)
    (found,) = torch.autograd.grad(_penalties(discriminator)[name], weight)
    direction = _draw(5, *weight.shape)
    ends = []
    for sign in (1, -1):
        with torch.no_grad():
            weight.add_(direction, alpha=sign * 1e-5)
        ends.append(float(_penalties(discriminator)[name].detach()))
        with torch.no_grad():
            weight.add_(direction, alpha=-sign * 1e-5)
    slope = float((found * direction).sum())
    assert abs(slope) > 1e-3
    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(slope, rel=1e-6)


def test_where_the_discriminator_is_flat() -> None:
    """The gradient's norm has a kink there; the root of a sum of squares would give NaN."""
    discriminator = Quadratic()
    images = torch.zeros(3, *SHAPE, dtype=torch.float64)
    found = gradient_penalty(discriminator, images, images, torch.rand(3))
    assert float(found.detach()) == 1
    assert _weight_gradient(found, discriminator).count_nonzero() == 0


@pytest.mark.parametrize("name", ["r1", "r2", "gradient"])
def test_labels_reach_the_discriminator(name: str) -> None:
    """logit = label * (w . x): squared norms grow with the squared label."""
    plain = Linear()

    def discriminator(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = labels * plain(images)
        return logits

    images, labels = _draw(1, 3, *SHAPE), torch.tensor([0, 1, 2])
    squared = plain.weight.detach().square().sum()
    if name == "gradient":
        found = gradient_penalty(discriminator, images, images, torch.rand(3), labels)
        expected = (labels * squared.sqrt() - 1).square().mean()
    else:
        found = {"r1": r1_penalty, "r2": r2_penalty}[name](discriminator, images, labels)
        expected = squared * 5 / 3 / 2
    torch.testing.assert_close(found.detach(), expected)


def test_no_gradient_reaches_the_images() -> None:
    discriminator = Quadratic()
    source = _draw(1, 4, *SHAPE).requires_grad_()
    images = source * 2  # as from a generator
    total = (
        r1_penalty(discriminator, images)
        + r2_penalty(discriminator, images)
        + gradient_penalty(discriminator, images, images, torch.rand(4))
    )
    total.backward()  # type: ignore[no-untyped-call]
    assert source.grad is None
    assert discriminator.weight.grad is not None
